package stream_test

import (
	"context"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"barometer/internal/barometer"
	"barometer/internal/stream"
	"barometer/internal/testkit"
)

// BenchmarkPublish isolates the gate's side: calls of the given size from two goroutines until all is synced to disk.
func BenchmarkPublish(b *testing.B) {
	for _, size := range []int{1, 100, 1000} {
		b.Run(fmt.Sprintf("call=%d", size), func(b *testing.B) {
			c := testkit.NATS(b)
			c.MaxBytes = 4 << 30
			p := open(b, c).Publisher()
			var next atomic.Int64
			b.SetParallelism(1)
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					n := int(next.Add(int64(size)))
					if err := p.Publish(context.Background(), mentions(n-size, n)); err != nil {
						b.Error(err)
						return
					}
				}
			})
			b.ReportMetric(float64(size*b.N)/b.Elapsed().Seconds(), "mentions/s")
		})
	}
}

// BenchmarkPublishToConsume is the whole way: published in messages of 100, synced, delivered, decoded, acknowledged and
// gone from the stream. Publisher, server and consumer share the machine.
func BenchmarkPublishToConsume(b *testing.B) {
	const call = 100 * barometer.Partitions
	c := testkit.NATS(b)
	c.MaxBytes = 4 << 30
	s := open(b, c)
	var delivered atomic.Int64
	stop := runConsumer(b, s, stream.ConsumerConfig{}, func(_ context.Context, d *stream.Delivery) {
		delivered.Add(int64(len(d.Mentions)))
		if err := d.Ack(); err != nil {
			b.Error(err)
		}
	})
	time.Sleep(200 * time.Millisecond) // let the consumers be created
	b.ResetTimer()
	var next atomic.Int64
	var publishers sync.WaitGroup
	for range 2 {
		publishers.Go(func() {
			for {
				n := int(next.Add(1))
				if n > b.N {
					return
				}
				if err := s.Publisher().Publish(context.Background(), mentions((n-1)*call, n*call)); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	publishers.Wait()
	for delivered.Load() < int64(b.N)*call {
		time.Sleep(time.Millisecond)
	}
	b.ReportMetric(float64(b.N*call)/b.Elapsed().Seconds(), "mentions/s")
	b.StopTimer()
	stop()
}

// BenchmarkFsync is the machine's own limit, to read the others by: one small write and a sync.
func BenchmarkFsync(b *testing.B) {
	f, err := os.Create(b.TempDir() + "/f")
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	block := make([]byte, 4096)
	for b.Loop() {
		if _, err := f.Write(block); err != nil {
			b.Fatal(err)
		}
		if err := f.Sync(); err != nil {
			b.Fatal(err)
		}
	}
}
