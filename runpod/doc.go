// Package runpod is a client of RunPod's REST API v2.
//
// It covers what a connection manager needs: pods, registered SSH keys and pod
// logs. The contract is RunPod's published OpenAPI document; every exchange
// with the fake in demo/api is validated against it in tests.
//
// What a caller can rely on:
//   - every failure is an [*Error] whose Kind can be asked for with errors.Is;
//   - only what is safe to repeat is repeated (GET; PUT of the whole key set is not);
//   - the API key is sent to the origin it was made for and nowhere else, and
//     never appears in an error, a log or a String method;
//   - every body is read up to a bound;
//   - unknown fields and unknown enum values are kept or skipped, never refused;
//   - text in errors is already cleaned of control sequences.
package runpod
