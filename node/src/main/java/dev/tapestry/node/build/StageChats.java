package dev.tapestry.node.build;

import dev.tapestry.corpus.PermittedUse;
import dev.tapestry.corpus.chat.Conversation;
import dev.tapestry.node.access.MemberChats;
import dev.tapestry.node.access.MemberChats.Lines;
import dev.tapestry.node.constitution.Guard;
import java.nio.file.Path;
import java.util.Optional;

/** The conversations, preferences and tasks of stages, without what a constitution protects. */
final class StageChats {

    private static final double HELD_OUT = 0.1;

    private StageChats() {}

    /** What stage B learns from. */
    static Lines<Conversation> conversations(
            BuildStage.Instruct stage, Optional<Guard> guard, Path place) {
        return screened(
                        guard,
                        place.resolve(stage.chats()),
                        PermittedUse.INSTRUCTION_TUNING,
                        stage.holdOut().orElse(HELD_OUT))
                .conversations();
    }

    /** What stage C learns from. */
    static MemberChats preferences(BuildStage.Align stage, Optional<Guard> guard, Path place) {
        return screened(
                guard,
                place.resolve(stage.preferences()),
                PermittedUse.ALIGNMENT,
                stage.holdOut().orElse(HELD_OUT));
    }

    /** What answers are rewarded for. */
    static MemberChats tasks(BuildStage.Reward stage, Optional<Guard> guard, Path place) {
        return screened(
                guard,
                place.resolve(stage.tasks()),
                PermittedUse.ALIGNMENT,
                stage.holdOut().orElse(HELD_OUT));
    }

    private static MemberChats screened(
            Optional<Guard> guard, Path directory, PermittedUse purpose, double holdOut) {
        MemberChats chats = MemberChats.open(directory, purpose, holdOut);
        return guard.map(one -> chats.without(text -> !one.learnt(text).isEmpty())).orElse(chats);
    }
}
