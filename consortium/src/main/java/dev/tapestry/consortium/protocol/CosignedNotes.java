package dev.tapestry.consortium.protocol;

import java.util.List;

/**
 * The latest checkpoint that each member has co-signed.
 *
 * @param notes signed notes, the largest log first: the coordinator's signature, and those of the
 *     members that saw this checkpoint last
 */
public record CosignedNotes(List<String> notes) {
    public CosignedNotes {
        notes = List.copyOf(notes);
    }
}
