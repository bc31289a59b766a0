// Package sshconn is podbay's SSH client: probe, dial, authenticate, host
// keys, channels. It knows no RunPod, no Bubble Tea and no terminal.
//
// What a caller can rely on:
//   - a host key is always checked; there is no way to switch that off. One rule
//     decides, over what is known, what evidence the caller brings and what the
//     user answered: no answer passes evidence to the contrary;
//   - the context bounds TCP, handshake and authentication together, and
//     cancelling it closes the socket;
//   - every way to fail has a type or a sentinel of its own, and the error of a
//     refused login says what was offered and what the server takes;
//   - no more keys are offered than a server of default settings lets pass;
//   - a private key is opened only after the server said that it would take it;
//   - what the far side sends in banners and disconnect messages is bounded and
//     cleaned before it reaches an error or a caller.
package sshconn
