//go:build !wasip1

package maelstrom

// Start makes this the node of the module. On this machine, which runs tests, it does nothing: call Step.
func (n *Node) Start() {}
