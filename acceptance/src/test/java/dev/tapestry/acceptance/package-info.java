/** The whole house from outside: its walls, its programs, its exports. */
package dev.tapestry.acceptance;
