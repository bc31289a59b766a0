// Package pod is an in-process SSH server that stands in for a RunPod pod, and
// for RunPod's SSH proxy. A login gets a real shell of this machine in a real
// PTY; nothing is simulated past the login.
//
// [Start] is a pod's own sshd (RunPod's "SSH over exposed TCP"): PTY with the
// client's terminal modes, window changes, environment (LANG, LC_* and TERM
// only), shell, exec with and without PTY, signals, exit status and exit
// signal, keepalives. Output is sent whole before the exit status. Forwarding
// and the sftp subsystem are refused: a demo has no business with the files and
// the network of the machine it runs on.
//
// [StartProxy] is RunPod's basic SSH (ssh.runpod.io), with its limits: the
// username is a routing token; a PTY is demanded, and an exec without one is
// answered with a complaint and exit status 0; a command that comes with a PTY
// is ignored and a shell starts; sftp and forwarding are refused. The source of
// these rules is RunPod's documentation of connection options.
//
// A pod's server can misbehave in the ways that [Behaviour] lists.
//
// What a caller can rely on:
//   - only loopback addresses are listened on;
//   - a shell sees a temporary home and an environment made for it: of this
//     process's own it gets PATH alone, and it writes no history;
//   - when a channel closes, all processes of the shell's session get SIGHUP,
//     and SIGKILL if that does not end them; only a program that moved itself
//     into a session of its own (setsid) escapes;
//   - [Server.Close] ends every connection, shell and goroutine and waits for
//     them, however the server misbehaves.
//
// Shells need Linux or macOS. Elsewhere a shell request is answered with a
// sentence that says so, and exit status 1.
package pod
