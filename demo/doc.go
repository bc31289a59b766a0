// Package demo is a whole RunPod in one process: the API of demo/api, with
// demo/pod's SSH servers as the containers of its pods, and the SSH proxy. It
// holds an account with one pod of each kind that a user can meet.
//
// What a caller can rely on:
//   - everything listens on 127.0.0.1 and nowhere else;
//   - everything on disk lies below one new folder, which goes with [Demo.Close];
//     nothing of the user's home is read or changed;
//   - the identity and the API key are made for the run and of no use after it;
//   - Close leaves no process and no goroutine.
package demo
