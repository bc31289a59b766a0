package runpod

import (
	"hash/maphash"
	"runtime"
	"slices"
	"sync"
)

// batches makes pods of entries on all processors while the next entries arrive: of a
// first answer that lists thousands, reading takes the longest. A few entries are read
// where they are asked for.
type batches struct {
	seed    maphash.Seed
	all     []*batch
	idle    chan *batchReader
	reading sync.WaitGroup
}

// batchSize is how much text a batch is made for, in bytes.
const batchSize = 64 << 10

// batch is entries, one behind the other.
type batch struct {
	text    []byte
	ends    []int
	entries []polledEntry
	failed  any // the panic that ended the reading
}

type batchReader struct {
	podReader
	seed maphash.Seed
	text []byte // of the batch that it read last, for another
}

func newBatchReader(seed maphash.Seed) *batchReader {
	return &batchReader{podReader: newPodReader(), seed: seed}
}

// add takes a copy of an entry.
func (b *batches) add(entry []byte) {
	n := len(b.all)
	if n == 0 || len(b.all[n-1].text)+len(entry) > batchSize {
		var text []byte
		if n > 0 {
			text = b.begin(b.all[n-1])
		}
		b.all = append(b.all, &batch{text: slices.Grow(text[:0], max(batchSize, len(entry)))})
	}
	last := b.all[len(b.all)-1]
	last.text = append(last.text, entry...)
	last.ends = append(last.ends, len(last.text))
}

// begin has a batch read, once there is a processor for it, and gives the room of one
// that was.
func (b *batches) begin(one *batch) (room []byte) {
	if b.idle == nil {
		b.idle = make(chan *batchReader, runtime.GOMAXPROCS(0))
		for range cap(b.idle) {
			b.idle <- newBatchReader(b.seed)
		}
	}
	r := <-b.idle
	room, r.text = r.text, nil
	b.reading.Go(func() {
		r.read(one)
		b.idle <- r
	})
	return room
}

// end waits for the entries and gives them, in their order.
func (b *batches) end() (entries []polledEntry) {
	if len(b.all) > 0 {
		newBatchReader(b.seed).read(b.all[len(b.all)-1])
	}
	b.reading.Wait()
	for _, one := range b.all {
		if one.failed != nil {
			panic(one.failed)
		}
		entries = append(entries, one.entries...)
	}
	b.all = nil
	return entries
}

func (r *batchReader) read(b *batch) {
	defer func() { b.failed = recover() }() // end's caller can do more about it
	names := podNames()
	b.entries = make([]polledEntry, len(b.ends))
	from := 0
	for i, end := range b.ends {
		var raw [podMemberCount][]byte
		text := b.text[from:end:end]
		plain := members(text, names[:], raw[:])
		b.entries[i] = r.polled(text, &raw, plain, r.seed)
		from = end
	}
	r.text, b.text = b.text, nil
}
