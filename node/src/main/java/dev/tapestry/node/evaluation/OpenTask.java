package dev.tapestry.node.evaluation;

/** A task whose files were read and checked. */
sealed interface OpenTask
        permits DomainTexts,
                ChoiceSheet,
                InstructionSheet,
                SafetySheet,
                MemoryProbe,
                CulturalSheet,
                RuleSheet {

    /** What the suite calls it. */
    String name();

    /** Gives it to a model. */
    TaskResult ask(Subject subject);

    /**
     * Reads what a task needs.
     *
     * @throws dev.tapestry.node.NodeException {@code CONFIG_INVALID}
     */
    static OpenTask of(Task task, SuiteFiles files) {
        return switch (task) {
            case Task.BitsPerByte bits -> DomainTexts.read(bits, files);
            case Task.MultipleChoice choices -> ChoiceSheet.read(choices, files);
            case Task.Harness harness ->
                    new ChoiceSheet(
                            harness.name(), "harness", HarnessFile.read(harness.task(), files));
            case Task.Instructions instructions -> InstructionSheet.read(instructions, files);
            case Task.Safety safety -> SafetySheet.read(safety, files);
            case Task.Memorisation memorisation -> new MemoryProbe(memorisation);
            case Task.CulturalMap map -> CulturalSheet.read(map, files);
            case Task.Constitution constitution -> RuleSheet.read(constitution, files);
        };
    }
}
