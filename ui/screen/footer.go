package screen

import (
	"strings"

	"charm.land/bubbles/v2/key"
)

// footerGap stands between two keys of the footer.
const footerGap = "  "

// Footer returns one line with the bindings that are enabled. Those that do not
// fit into width are left out, the later the sooner. (The short help of bubbles
// would let the last one stick out where its ellipsis does not fit.)
func Footer(t Theme, bindings []key.Binding, width int) string {
	var b strings.Builder
	used := 0
	for _, k := range bindings {
		h := k.Help()
		if !k.Enabled() || h.Key == "" {
			continue
		}
		need := Width(h.Key) + 1 + Width(h.Desc)
		if used > 0 {
			need += len(footerGap)
		}
		if used+need > width {
			break
		}
		if used > 0 {
			b.WriteString(footerGap)
		}
		b.WriteString(t.Key.Render(h.Key) + " " + t.Dim.Render(h.Desc))
		used += need
	}
	return b.String()
}
