package maelstrom

import (
	"fmt"
	"os"
	"runtime/debug"
	"unsafe"
)

// What the host reads and writes. Go's collector moves nothing, and these keep it.
var (
	running *Node
	input   []byte
	result  []byte
)

// Start makes this the node of the module. Call it in an init function, behind all that is registered.
func (n *Node) Start() {
	if running != nil {
		panic("a module has one node")
	}
	running = n
}

//go:wasmexport maelstrom_abi_v1
func abi() {}

//go:wasmexport alloc
func alloc(length uint32) uint32 {
	if uint32(len(input)) < length || len(input) == 0 {
		input = make([]byte, max(length, 1024))
	}
	return uint32(uintptr(unsafe.Pointer(unsafe.SliceData(input))))
}

//go:wasmexport handle
func handle(_, length uint32) uint64 {
	defer explain()
	return packed(running.Step(input[:length]))
}

// explain ends a node that panics, and says why. Go's runtime would sleep first, which a guest of the ABI cannot, and would say only that.
func explain() {
	if why := recover(); why != nil {
		fmt.Fprintf(os.Stderr, "panic: %v\n\n%s", why, debug.Stack())
		os.Exit(2)
	}
}

//go:wasmexport snapshot
func saved() uint64 { return packed(running.Snapshot()) }

//go:wasmexport restore
func restored(_, length uint32) uint32 {
	if err := running.Restore(input[:length]); err != nil {
		os.Stderr.WriteString("snapshot refused: " + err.Error() + "\n")
		return 1
	}
	return 0
}

func packed(bytes []byte) uint64 {
	result = bytes
	return uint64(uintptr(unsafe.Pointer(unsafe.SliceData(result))))<<32 | uint64(len(result))
}
