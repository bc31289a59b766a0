package state

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The file is CSV: thousands of pods must be read in the time of a frame, which
// takes ten times as long with encoding/json. Its first record tells whose list it
// is, the second names the columns, each other one is a pod.

// listMark begins the file; another layout gets another mark.
const listMark = "podbay list 1"

// columns are what is kept of a pod.
var columns = []string{
	"id", "name", "status", "actions", "image", "disk", "ports", "volume", "volumePath", "networkPath", "gpu", "gpus", "vcpus",
	"cloud", "dataCenterId", "directHost", "directPort", "directUser", "proxyHost", "proxyPort", "proxyUser",
	"cluster", "cost", "locked", "publicIP", "startedAt",
}

// errNoList says that a text is no list.
var errNoList = errors.New("no list of pods")

func writeList(to io.Writer, list LastList) error {
	w := csv.NewWriter(to)
	head := []string{listMark, list.Account.Origin, list.Account.Tag, instant(list.At), strconv.Itoa(len(list.Pods))}
	if err := errors.Join(w.Write(head), w.Write(columns)); err != nil {
		return err
	}
	for i := range list.Pods {
		if err := w.Write(list.Pods[i].record()); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}

func (p *ListedPod) record() []string {
	return []string{
		p.ID, p.Name, p.Status, strings.Join(p.Actions, " "), p.Image, number(p.DiskGB), strings.Join(p.Ports, " "),
		number(p.VolumeGB), p.VolumePath, p.NetworkPath, p.GPU, number(p.GPUs), number(p.VCPUs), p.Cloud, p.DataCenterID,
		p.Direct.Host, number(p.Direct.Port), p.Direct.Username, p.Proxy.Host, number(p.Proxy.Port), p.Proxy.Username,
		p.Cluster, strconv.FormatFloat(p.Cost, 'g', -1, 64), strconv.FormatBool(p.Locked), p.PublicIP, instant(p.StartedAt),
	}
}

func parseList(data []byte) (list LastList, err error) {
	r := csv.NewReader(bytes.NewReader(data))
	r.ReuseRecord, r.FieldsPerRecord = true, -1
	head, err := r.Read()
	if err != nil || len(head) != 5 || head[0] != listMark {
		return LastList{}, errNoList
	}
	var read reader
	list.Account, list.At = Account{Origin: head[1], Tag: head[2]}, read.instant(head[3])
	count := read.number(head[4])
	names, err := r.Read()
	if err != nil || read.bad || list.At.IsZero() || count < 0 || count > maxListed || !slices.Equal(names, columns) {
		return LastList{}, errNoList
	}
	r.FieldsPerRecord = len(columns)
	list.Pods = make([]ListedPod, 0, count)
	for range count {
		record, err := r.Read()
		if err != nil {
			return LastList{}, errNoList
		}
		list.Pods = append(list.Pods, read.pod(record))
	}
	if _, err := r.Read(); err != io.EOF || read.bad {
		return LastList{}, errNoList
	}
	return list, nil
}

// reader reads the fields of a record, and notes when one is not what it should be.
type reader struct {
	bad   bool
	lists map[string][]string // fields of several words: most pods have the same
}

func (r *reader) pod(f []string) ListedPod {
	return ListedPod{
		ID: f[0], Name: f[1], Status: f[2], Actions: r.words(f[3]), Image: f[4], DiskGB: r.number(f[5]), Ports: r.words(f[6]),
		VolumeGB: r.number(f[7]), VolumePath: f[8], NetworkPath: f[9], GPU: f[10], GPUs: r.number(f[11]), VCPUs: r.number(f[12]),
		Cloud: f[13], DataCenterID: f[14],
		Direct:  ListedEndpoint{f[15], r.number(f[16]), f[17]},
		Proxy:   ListedEndpoint{f[18], r.number(f[19]), f[20]},
		Cluster: f[21], Cost: r.float(f[22]), Locked: f[23] == "true", PublicIP: f[24], StartedAt: r.instant(f[25]),
	}
}

func (r *reader) words(s string) []string {
	known, ok := r.lists[s]
	if !ok {
		known = strings.Fields(s)
		if r.lists == nil {
			r.lists = map[string][]string{}
		}
		r.lists[s] = known
	}
	return known
}

// number writes nothing for 0.
func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func (r *reader) number(s string) int {
	if s == "" {
		return 0
	}
	n, err := strconv.Atoi(s)
	r.bad = r.bad || err != nil
	return n
}

func (r *reader) float(s string) float64 {
	f, err := strconv.ParseFloat(s, 64)
	r.bad = r.bad || err != nil
	return f
}

// instant writes nothing for the zero time.
func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

func (r *reader) instant(s string) time.Time {
	if s == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	r.bad = r.bad || err != nil
	return t
}
