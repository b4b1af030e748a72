package dev.tapestry.node.build;

/** Where a model stands in the hierarchy; each child records its parent. */
public enum ModelLevel {
    /** The shared base of a consortium. */
    GLOBAL,
    /** Of several nations. */
    REGIONAL,
    /** Of a nation or a language. */
    NATIONAL,
    /** Of an institution. */
    ENTITY
}
