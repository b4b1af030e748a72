package dev.tapestry.node;

/** What a node tells the consortium of its work while it works. */
public enum Visibility {
    /** Nothing. That it asks for news cannot be hidden. */
    NOTHING,
    /** What kind of work it does, how many steps are done, and the code of what hinders it. */
    PROGRESS,
    /** Also what hinders it in words, which may name files, and quote a trainer's output. */
    REASONS
}
