package maelstrom

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
)

// Log is a file of records, each with a checksum over itself and all before it: what grows, and is never written again as a whole. The
// package keeps where the records end, also over a hot swap, and none of them.
//
//	var entries = node.Disk().Log("entries")
//
// Open it in the function given to Init.
type Log struct {
	disk Disk
	file string
}

// end is where a record ends, and the checksum of all JSON up to there.
type end struct {
	At  uint64 `json:"at"`
	Sum uint32 `json:"sum"`
}

// Log is the log in a file of this name.
func (d Disk) Log(file string) Log { return Log{d, file} }

// Open calls fn with each record. A file that does not exist is an empty log. The records are those before the first one that is torn or
// damaged; if there is more, it is cut off, and the node's log says so.
//
// After a sync that has failed no later one makes durable what is there already. A node that is to survive that gives all records to
// Replace once they are read.
func (l Log) Open(fn func(record json.RawMessage) error) error {
	content, err := l.disk.Bytes(l.file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	ends, last := []end{}, end{}
	for {
		record, sum := readRecord(content[last.At:], last.Sum)
		if record == nil {
			break
		}
		last = end{last.At + uint64(recordHead+len(record)+1), sum}
		ends = append(ends, last)
		if err := fn(record); err != nil {
			return fmt.Errorf("record %d of the log %q: %w", len(ends), l.file, err)
		}
	}
	l.keep(ends)
	if kept, all := last.At, uint64(len(content)); kept < all {
		l.noteSync()
		l.disk.node.warn(fmt.Sprintf("the log %q is torn or damaged behind record %d: %d of %d bytes are kept", l.file, len(ends), kept, all))
		l.disk.Truncate(l.file, kept)
	}
	return nil
}

// Append appends records, with one effect for all.
func (l Log) Append(records ...any) error {
	lines, ends, err := l.lines(l.ends(), records)
	if err == nil && len(lines) > 0 {
		l.noteSync()
		l.disk.AppendBytes(l.file, lines)
		l.keep(ends)
	}
	return err
}

// Replace replaces all records: compaction. After a crash the log has all of the new records, or all of the old ones.
func (l Log) Replace(records ...any) error {
	lines, ends, err := l.lines([]end{}, records)
	if err == nil {
		l.noteSync()
		l.disk.PutBytes(l.file, lines)
		l.keep(ends)
	}
	return err
}

// Truncate keeps the first records. Has no effect if there are not more.
func (l Log) Truncate(records int) {
	ends := l.ends()
	if records < len(ends) {
		l.noteSync()
		l.keep(ends[:records])
		l.disk.Truncate(l.file, lastOf(ends[:records]).At)
	}
}

// Len is how many records there are.
func (l Log) Len() int { return len(l.ends()) }

func (l Log) ends() []end {
	ends, exists := l.disk.node.at.Logs[l.file]
	if !exists {
		panic(fmt.Sprintf("the log %q is used and where it ends is not known, because it was not opened in the function given to Init (of a version before a hot swap neither) or a sync has failed: Replace it with all records first", l.file))
	}
	return ends
}

func (l Log) keep(ends []end) {
	if l.disk.node.at.Logs == nil {
		l.disk.node.at.Logs = map[string][]end{}
	}
	l.disk.node.at.Logs[l.file] = ends
}

// noteSync notes that a change of the log is lost if a sync before it in this step fails.
func (l Log) noteSync() {
	at := &l.disk.node.at
	if !l.disk.node.hasSynced {
		return
	}
	if at.LogsBehindSync == nil {
		at.LogsBehindSync = map[string]bool{}
	}
	at.LogsBehindSync[l.file] = true
}

// settleLogs begins a step. If a sync of the last one has failed, for a reason that is not empty, nobody knows where logs end on the
// disk: those that were changed behind a sync, or all if the disk may have lost what was not durable.
func (n *Node) settleLogs(failed SyncFailure) {
	switch failed {
	case "":
	case DiskFull:
		for file := range n.at.LogsBehindSync {
			delete(n.at.Logs, file)
		}
	default:
		n.at.Logs = nil
	}
	n.at.LogsBehindSync = nil
}

func lastOf(ends []end) end {
	if len(ends) == 0 {
		return end{}
	}
	return ends[len(ends)-1]
}

// lines are those of records behind others, whose ends come first in what it returns.
func (l Log) lines(ends []end, records []any) ([]byte, []end, error) {
	var lines []byte
	last := lastOf(ends)
	start := last.At
	for _, record := range records {
		var err error
		if lines, last.Sum, err = appendRecord(lines, last.Sum, record); err != nil {
			return nil, nil, fmt.Errorf("a record of the log %q: %w", l.file, err)
		}
		last.At = start + uint64(len(lines))
		ends = append(ends, last)
	}
	return lines, ends, nil
}

// A record is eight hexadecimal digits, a blank, JSON and a newline. The digits are the CRC-32 (ISO 3309) of the JSON of all records up
// to this one, so a record is valid only behind those that it was written behind.
const recordHead = 9

func appendRecord(lines []byte, sum uint32, value any) ([]byte, uint32, error) {
	text, err := json.Marshal(value) // which leaves no newlines
	if err != nil {
		return nil, 0, err
	}
	sum = crc32.Update(sum, crc32.IEEETable, text)
	head := headOf(sum)
	lines = append(append(lines, head[:]...), text...)
	return append(lines, '\n'), sum, nil
}

func headOf(sum uint32) [recordHead]byte {
	var head [recordHead]byte
	hex.Encode(head[:], binary.BigEndian.AppendUint32(nil, sum))
	head[recordHead-1] = ' '
	return head
}

// readRecord is the JSON of the first record and the checksum up to it, or nil if there is no valid one behind those that have the
// checksum sum.
func readRecord(content []byte, sum uint32) ([]byte, uint32) {
	length := bytes.IndexByte(content, '\n')
	if length < recordHead {
		return nil, 0
	}
	record := content[recordHead:length:length]
	sum = crc32.Update(sum, crc32.IEEETable, record)
	if head := headOf(sum); !bytes.Equal(content[:recordHead], head[:]) {
		return nil, 0
	}
	return record, sum
}
