// Bench measures what a user of podbay waits for, each against what they would
// use instead: the same sshd, the same key, the same terminal, in turns. bench/run
// builds and runs it, and writes docs/performance.md.
//
// It prints what it measured and exits with 1 when a bench could not be carried
// out. A target that is missed is told in the table and does not change the exit
// code: the times of a machine that others use too prove nothing.
package main
