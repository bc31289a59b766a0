//go:build unix

package e2e

import "time"

// netDelay makes a connect slow enough to type into it.
const netDelay = 150 * time.Millisecond
