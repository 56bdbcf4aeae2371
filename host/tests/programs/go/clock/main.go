// Waits in every way that Go knows: an hourly ticker, a sleep, and a context that is
// cancelled by its deadline, and tells what the clock shows.
package main

import (
	"context"
	"log"
	"math/rand/v2"
	"time"

	"programs/node"
)

func main() {
	n := node.New()
	n.Handle("wait", func(request node.Message) error {
		begin := time.Now()
		tell := func(what string) error {
			return n.Send(request.Src, map[string]any{
				"type": what, "after_ns": time.Since(begin).Nanoseconds(),
				"random": rand.IntN(1000000),
			})
		}
		ticker := time.NewTicker(time.Hour)
		defer ticker.Stop()
		for range 3 {
			<-ticker.C
			if err := tell("tick"); err != nil {
				return err
			}
		}
		time.Sleep(90 * time.Minute)
		if err := tell("slept"); err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Nanosecond*1500)
		defer cancel()
		_, err := n.Call(ctx, "nobody", map[string]any{"type": "hello"})
		log.Printf("as expected: %v", err)
		return tell("deadline")
	})
	if err := n.Run(); err != nil {
		log.Fatal(err)
	}
}
