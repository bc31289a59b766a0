package runpod

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var testNow = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

func TestPollInterval(t *testing.T) {
	type reply struct {
		after  time.Duration // since the reply before
		status int
		header map[string]string
		other  bool // an answer to another call than the list
	}
	wait := func(seconds string) map[string]string { return map[string]string{"Retry-After": seconds} }
	limit := func(v string) map[string]string { return map[string]string{"RateLimit": v} }
	tests := map[string]struct {
		replies []reply
		after   time.Duration // since the last reply
		want    time.Duration // of 5 s asked for
	}{
		"nothing known":             {nil, 0, 5 * time.Second},
		"plenty":                    {[]reply{{0, 200, limit(`"minute";r=58;t=50, "hour";r=2800;t=1812, "day";r=49500;t=45012`), false}}, 0, 5 * time.Second},
		"a minute runs short":       {[]reply{{0, 200, limit(`"minute";r=5;t=40`), false}}, 0, 10 * time.Second},
		"a day runs short":          {[]reply{{0, 200, limit(`"minute";r=58;t=50, "day";r=100;t=40000`), false}}, 0, 500 * time.Second},
		"the longest wait decides":  {[]reply{{0, 200, limit(`"minute";r=5;t=40, "hour";r=50;t=1200`), false}}, 0, 30 * time.Second},
		"one left is the user's":    {[]reply{{0, 200, limit(`"minute";r=1;t=40`), false}}, 0, 40 * time.Second},
		"nothing left":              {[]reply{{0, 200, limit(`"minute";r=0;t=12`), false}}, 0, 12 * time.Second},
		"nothing left, a moment":    {[]reply{{0, 200, limit(`"minute";r=0;t=2`), false}}, 0, 5 * time.Second},
		"nothing left, a while ago": {[]reply{{0, 200, limit(`"minute";r=0;t=12`), false}}, 4 * time.Second, 8 * time.Second},
		"the window is over":        {[]reply{{0, 200, limit(`"minute";r=0;t=12`), false}}, 12 * time.Second, 5 * time.Second},
		"the newest answer counts":  {[]reply{{0, 200, limit(`"minute";r=0;t=12`), false}, {time.Second, 200, limit(`"minute";r=60;t=60`), false}}, 0, 5 * time.Second},
		"an answer without quota":   {[]reply{{0, 200, limit(`"minute";r=0;t=12`), false}, {time.Second, 200, nil, false}}, 0, 11 * time.Second},
		"an unreadable quota":       {[]reply{{0, 200, limit(`"minute";r=0;t=12`), false}, {time.Second, 200, limit(`minute=0`), false}}, 0, 11 * time.Second},
		"429":                       {[]reply{{0, 429, wait("30"), false}}, 10 * time.Second, 20 * time.Second},
		"429, over":                 {[]reply{{0, 429, wait("30"), false}}, 30 * time.Second, 5 * time.Second},
		"429, then 200":             {[]reply{{0, 429, wait("30"), false}, {time.Second, 200, limit(`"minute";r=60;t=60`), true}}, 0, 29 * time.Second},
		"429, then a list":          {[]reply{{0, 429, wait("30"), false}, {time.Second, 200, nil, false}}, 0, 5 * time.Second},
		"429 of another call":       {[]reply{{0, 429, wait("30"), true}}, 0, 30 * time.Second},
		"503 of another call":       {[]reply{{0, 503, wait("3600"), true}}, 0, 5 * time.Second},
		"429 with a date":           {[]reply{{0, 429, map[string]string{"Retry-After": "Mon, 01 Jun 2026 12:00:20 GMT"}, false}}, 0, 20 * time.Second},
		"429 and a longer window":   {[]reply{{0, 429, map[string]string{"Retry-After": "12", "RateLimit": `"minute";r=0;t=12, "hour";r=0;t=900`}, false}}, 0, 900 * time.Second},
		"503":                       {[]reply{{0, 503, wait("30"), false}}, 0, 30 * time.Second},
		"200 with Retry-After":      {[]reply{{0, 200, wait("30"), false}}, 0, 5 * time.Second},
		"an absurd wait":            {[]reply{{0, 429, map[string]string{"Retry-After": "99999999999999999999999"}, false}}, 0, maxRetryAfter},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			now := testNow
			q := &quota{now: func() time.Time { return now }}
			for _, r := range tc.replies {
				now = now.Add(r.after)
				h := http.Header{}
				for k, v := range r.header {
					h.Set(k, v)
				}
				q.note(&http.Response{StatusCode: r.status, Header: h}, !r.other)
			}
			now = now.Add(tc.after)
			if got := q.pollInterval(5 * time.Second); got != tc.want {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
}

func TestParseRateLimit(t *testing.T) {
	tests := map[string]struct {
		values []string
		want   []window
	}{
		"none":       {nil, nil},
		"one":        {[]string{`"minute";r=0;t=12`}, []window{{"minute", 0, testNow.Add(12 * time.Second)}}},
		"two lines":  {[]string{`"minute";r=1;t=2`, `"hour";r=3;t=4`}, []window{{"minute", 1, testNow.Add(2 * time.Second)}, {"hour", 3, testNow.Add(4 * time.Second)}}},
		"unknown":    {[]string{`"week";r=1;t=2;pk=:AA==:`}, []window{{"week", 1, testNow.Add(2 * time.Second)}}},
		"long":       {[]string{`"day";r=1;t=999999999999999`}, []window{{"day", 1, testNow.Add(maxWindow)}}},
		"no t":       {[]string{`"day";r=1`}, nil},
		"wrong type": {[]string{`"day";r=1.5;t=2, minute;r=1;t=1, ("a");r=1;t=2`}, nil},
		"negative":   {[]string{`"day";r=-1;t=2, "hour";r=1;t=-2`}, nil},
		"malformed":  {[]string{`"day;r=1`}, nil},
		"empty":      {[]string{``}, nil},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, parseRateLimit(tc.values, testNow), cmp.AllowUnexported(window{})); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func FuzzRateLimit(f *testing.F) {
	for _, s := range []string{
		`"minute";r=0;t=12, "hour";r=2800;t=1812, "day";r=49500;t=45012`,
		`"minute";r=1`, `minute;r=1;t=1`, `("a" "b");r=1;t=1`, `"a";r=999999999999999;t=999999999999999`, `"a`, `,`, ``,
	} {
		f.Add(s, "12")
	}
	f.Add("", "Mon, 01 Jun 2026 12:00:20 GMT")
	f.Fuzz(func(t *testing.T, limit, after string) {
		q := &quota{now: func() time.Time { return testNow }}
		q.note(&http.Response{StatusCode: 429, Header: http.Header{"Ratelimit": {limit}, "Retry-After": {after}}}, true)
		got := q.pollInterval(time.Second)
		if got < time.Second || got > max(maxWindow, maxRetryAfter) {
			t.Errorf("RateLimit %q, Retry-After %q: wait %v", limit, after, got)
		}
		if len(q.windows) > maxWindows {
			t.Errorf("%d windows kept", len(q.windows))
		}
	})
}
