// Package rawio reads and writes what does not block, on Linux, without telling the Go
// runtime of each call. The runtime is told of system calls because they may last; in a
// program that was idle that wakes its monitor thread at every key and every echo, and
// in a flood it hands the processor to other threads and back at every write. It is the
// one place with package unsafe.
package rawio
