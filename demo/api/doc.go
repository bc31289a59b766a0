// Package api is RunPod's REST API v2 as a client sees it, in one process: an
// [http.Handler] that holds an account with its pods, registered SSH keys, logs
// and quotas. `podbay demo` runs on it, and so do tests.
//
// It covers /v2/pods, /v2/pods/{id}, its action and logs, and
// /v2/account/ssh-keys, by RunPod's published OpenAPI document; tests validate
// its exchanges against that document. Answers that leave the contract on
// purpose (an injected [Fault], a pod with [PodSpec].Future set) carry the
// [DeviationHeader].
//
// What a caller can rely on:
//   - Time is [Options].Now. A pod's life is computed from it whenever a request
//     or a method looks; nothing happens on a timer. An open log stream looks by
//     itself a few times a second.
//   - Nothing but loopback: [Server.Listen] listens on 127.0.0.1, and the
//     addresses that are made up without a [Host] are in 127.113.0.0/16, where
//     no one listens.
//   - [Server.Close] ends every answer that is under way, waits for it, stops the
//     containers and closes the Host.
//   - The API key is kept as a hash, compared in constant time, and is in no
//     [Call], log line or error.
//
// Where RunPod's own sources differ or are silent, it does this:
//   - Account keys reach a pod when it is created with startSsh, and never later.
//     The PUBLIC_KEY that they come in is a variable like any other: GET reports
//     it, and a PATCH of env without it removes it ([PodSpec].HideInjected is for
//     the other reading).
//   - Every start, restart and recreation is a new container: new host keys, new
//     public port.
//   - A locked pod's actions list what its status allows; asking for stop or
//     restart is refused with 409, and so is a PATCH that recreates it.
//   - A terminated pod is gone: 404.
package api

// DeviationHeader marks an answer that leaves the contract on purpose:
// "fault" or "future".
const DeviationHeader = "Podbay-Demo-Deviation"
