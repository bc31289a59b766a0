// Package e2e drives the built podbay in a real terminal, against OpenSSH's sshd
// and the RunPod of demo/api. It has tests only.
//
// Each test has a home, an account and servers of its own, below a temporary
// folder; podbay sees nothing else of the machine. Tests wait for what the
// terminal shows, with a generous deadline, and never for time to pass. They
// look for words that a user relies on, not for a layout.
package e2e
