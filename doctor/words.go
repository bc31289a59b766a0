package doctor

import (
	"fmt"
	"time"
)

// Milliseconds words a latency: "0.4 ms", "38 ms", "1.2 s", "2 m".
func Milliseconds(d time.Duration) string {
	ms := float64(max(d, 0)) / float64(time.Millisecond)
	switch {
	case d >= 100*time.Second:
		return Age(d)
	case ms < 9.95:
		return fmt.Sprintf("%.1f ms", ms)
	case ms < 999.5:
		return fmt.Sprintf("%.0f ms", ms)
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}

// Age words a span that has passed, in its largest unit: "14 s", "3 m", "5 h",
// "2 d". A negative span, from a clock that was set back, is "0 s".
func Age(d time.Duration) string {
	switch {
	case d < 0:
		return "0 s"
	case d < time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%d m", d/time.Minute)
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", d/time.Hour)
	}
	return fmt.Sprintf("%d d", d/(24*time.Hour))
}
