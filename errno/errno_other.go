//go:build !windows

package errno

import "syscall"

var (
	refused    = []error{syscall.ECONNREFUSED}
	reset      = []error{syscall.ECONNRESET, syscall.ECONNABORTED}
	timedOut   = []error{syscall.ETIMEDOUT}
	closedPipe = []error{syscall.EPIPE}
)
