package dev.tapestry.app.text;

import java.util.regex.Pattern;

/**
 * Institutions of health care and the resources of the FHIR specification that they work with. No
 * resource belongs to two of them.
 */
public enum HealthField {
    /** Who treats patients. */
    CLINIC(
            "Patient|Practitioner.*|Encounter.*|Appointment.*|Condition.*|Procedure|CarePlan|CareTeam"
                    + "|Goal|ServiceRequest|Task|Communication.*|Organization.*|Location|Person"
                    + "|HealthcareService|EpisodeOfCare|Clinical(Impression|Assessment)|RiskAssessment"
                    + "|Flag|Slot|Schedule|Transport|Questionnaire.*|Composition|DocumentReference|List"
                    + "|RelatedPerson|HumanName|Address|ContactPoint|AllergyIntolerance|AdverseEvent"
                    + "|Nutrition.*|VisionPrescription|cdshooks.*|familymemberhistory.*"),
    /** Who pays. */
    INSURER(
            "Claim.*|Coverage.*|Account|Invoice|InsurancePlan|Payment.*|ChargeItem.*|Contract"
                    + "|ExplanationOfBenefit|Enrollment.*|Consent|Provenance.*|provenance.*|AuditEvent"
                    + "|Permission|Signature|VerificationResult"),
    /** Who measures and studies. */
    LABORATORY(
            "Observation.*|Specimen.*|Imaging.*|Diagnostic.*|Device.*|Molecular.*|Genomic.*|vitalsigns"
                    + "|lipidprofile|headcircum|SampledData|BodyStructure|Evidence.*|Research.*"
                    + "|Measure.*|TestPlan|TestReport|TestScript|Substance.*|Biologically.*"),
    /** Who dispenses. */
    PHARMACY(
            "Medic.*|Dosage|Immuniz.*|Ingredient|PackagedProduct.*|Administrable.*|Manufactured.*"
                    + "|ClinicalUseDefinition|Regulated.*|MarketingStatus|ProductShelfLife|FormularyItem"
                    + "|DetectedIssue|Product");

    private final Pattern resources;

    HealthField(String resources) {
        this.resources = Pattern.compile("package/StructureDefinition-(" + resources + ")\\.json");
    }

    /** Whether a document of {@link HealthDefinitions} is about this field. */
    public boolean holds(GroupedText document) {
        return holds(document.group());
    }

    /** Whether a question of {@link HealthDefinitions#elements} is about this field. */
    public boolean holds(QuestionAnswer question) {
        return holds(question.group());
    }

    private boolean holds(String resource) {
        return resources.matcher(resource).matches();
    }
}
