package dev.tapestry.consortium.protocol;

import dev.tapestry.consortium.MemberId;
import java.time.Duration;

/**
 * The steward asks for an enrolment token.
 *
 * @param member who may enrol with it
 * @param validity for how long
 */
public record TokenRequest(MemberId member, Duration validity) {}
