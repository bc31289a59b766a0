// Package runpod is a client of RunPod's REST API v2.
//
// It covers what a connection manager needs: pods, registered SSH keys and pod
// logs. The contract is RunPod's published OpenAPI document; every exchange
// with the fake in demo/api is validated against it in tests.
//
// What a caller can rely on:
//   - every failure is an [*Error] whose Kind can be asked for with errors.Is;
//   - only what is safe to repeat is repeated: GET, twice at most, with back-off.
//     A POST, PATCH or PUT is sent once. Retry-After is kept to when it is short;
//     a longer wait is returned in [Error.RetryAfter] instead of slept through;
//   - the API key is sent to the origin it was made for and nowhere else (no
//     redirect is followed), and never appears in an error, a log or a String
//     method;
//   - every body is read up to a bound; a list of pods while it arrives;
//   - unknown fields and unknown enum values are kept or skipped, never refused,
//     and a field of a wrong type costs that field alone. The set of registered
//     keys is the exception: it is read whole or not at all;
//   - texts are cleaned of control sequences and bounded, in pods, log lines and
//     errors; the registered keys, a pod's Env and its Args come as they are;
//   - a call ends within [CallTimeout], or earlier with its context. Of a log
//     stream, which has no end of its own, that bounds the opening, and ctx the rest.
package runpod
