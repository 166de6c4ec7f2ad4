package proof

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// process is one run of the program in a process of its own. What it says goes to a file, whose end is shown when the
// test fails.
type process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
	err  error         // how it ended; read after done
}

// start runs the program with the arguments. Standard output and standard error go to files named after the process in
// dir. The process dies with the test.
func start(tb testing.TB, dir, name string, args ...string) *process {
	tb.Helper()
	p, err := launch(dir, name, args...)
	if err != nil {
		tb.Fatalf("start %s: %v", name, err)
	}
	tb.Cleanup(func() {
		p.kill()
		if tb.Failed() {
			tb.Logf("%s said at last:\n%s", name, said(dir, name, 2000))
		}
	})
	return p
}

func launch(dir, name string, args ...string) (*process, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	out, err := os.OpenFile(filepath.Join(dir, name+".out"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer out.Close() //nolint:errcheck // the child has it
	log, err := os.OpenFile(filepath.Join(dir, name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close() //nolint:errcheck // the child has it
	p := &process{cmd: exec.Command(program, args...), done: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), runAsProgram+"=1")
	p.cmd.Stdout, p.cmd.Stderr = out, log
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// kill ends the process as a power cut would, and returns when it is gone.
func (p *process) kill() {
	_ = p.cmd.Process.Signal(syscall.SIGKILL) // an error means that it has ended
	<-p.done
}

// stop asks the process to end by the signal, as Ctrl-C does, and returns how long that took.
func (p *process) stop(tb testing.TB, signal os.Signal) time.Duration {
	tb.Helper()
	began := time.Now()
	if err := p.cmd.Process.Signal(signal); err != nil {
		tb.Fatalf("signal: %v", err)
	}
	select {
	case <-p.done:
	case <-time.After(30 * time.Second):
		tb.Fatal("the process does not stop")
	}
	if p.err != nil {
		tb.Errorf("the process stopped with %v", p.err)
	}
	return time.Since(began)
}

// run runs the program to its end and returns what it wrote to standard output.
func run(tb testing.TB, dir, name string, args ...string) string {
	tb.Helper()
	p := start(tb, dir, name, args...)
	<-p.done
	if p.err != nil {
		tb.Fatalf("%s: %v\n%s", strings.Join(args, " "), p.err, said(dir, name, 2000))
	}
	b, err := os.ReadFile(filepath.Join(dir, name+".out"))
	if err != nil {
		tb.Fatal(err)
	}
	return string(b)
}

// said returns the end of a process's log.
func said(dir, name string, most int) string {
	b, err := os.ReadFile(filepath.Join(dir, name+".log"))
	if err != nil {
		return err.Error()
	}
	return string(b[max(0, len(b)-most):])
}

// childOf returns the process id of a child of pid, or 0.
func childOf(pid int) int {
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid)) // the pattern is well formed
	for _, path := range tasks {
		b, err := os.ReadFile(path)
		if err != nil {
			continue // the thread has ended
		}
		for word := range bytes.FieldsSeq(b) {
			if child, err := strconv.Atoi(string(word)); err == nil {
				return child
			}
		}
	}
	return 0
}

// residentMiB returns the memory of a process that is in RAM.
func residentMiB(tb testing.TB, pid int) float64 {
	tb.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		tb.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kib, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			if err != nil {
				tb.Fatal(err)
			}
			return kib / 1024
		}
	}
	tb.Fatalf("process %d has no resident memory", pid)
	return 0
}

// processorTime returns how long a process has run on all processors, in user and system mode.
func processorTime(tb testing.TB, pid int) time.Duration {
	tb.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		tb.Fatal(err)
	}
	const perSecond = 100                                              // the unit of the file on Linux
	words := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:])) // a name may hold anything but ends here
	var sum time.Duration
	for _, word := range words[11:13] {
		n, err := strconv.Atoi(word)
		if err != nil {
			tb.Fatal(err)
		}
		sum += time.Duration(n) * time.Second / perSecond
	}
	return sum
}

// supervised is a process that is started again whenever it ends, as a supervisor of the operating system would do it.
type supervised struct {
	dir, name string
	args      []string

	mu      sync.Mutex
	current *process
	ending  bool
	starts  int
	unasked int // ends that nobody asked for
	asked   bool
	ended   chan struct{}
}

// keep starts the service. It is killed for good at the end of the test.
func keep(tb testing.TB, dir, name string, args ...string) *supervised {
	tb.Helper()
	s := &supervised{dir: dir, name: name, args: args, ended: make(chan struct{})}
	if err := s.launch(); err != nil {
		tb.Fatalf("start %s: %v", name, err)
	}
	go s.supervise()
	tb.Cleanup(func() {
		s.end()
		if tb.Failed() {
			tb.Logf("%s said at last:\n%s", name, said(dir, name, 2000))
		}
	})
	return s
}

func (s *supervised) launch() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ending {
		return errors.New("it is not wanted any more")
	}
	p, err := launch(s.dir, s.name, s.args...)
	if err != nil {
		return err
	}
	s.current, s.asked = p, false
	s.starts++
	return nil
}

func (s *supervised) supervise() {
	defer close(s.ended)
	for {
		s.mu.Lock()
		p := s.current
		s.mu.Unlock()
		<-p.done
		s.mu.Lock()
		asked := s.asked
		if !asked {
			s.unasked++
		}
		s.mu.Unlock()
		if !asked {
			time.Sleep(200 * time.Millisecond) // it cannot start yet, because something else is down
		}
		if s.launch() != nil {
			return
		}
	}
}

// kill kills the running process; the next one starts at once.
func (s *supervised) kill() {
	s.mu.Lock()
	p := s.current
	s.asked = true
	s.mu.Unlock()
	_ = p.cmd.Process.Signal(syscall.SIGKILL) // an error means that it has ended
}

// killChild kills the engine that the running process hosts in a child, and says whether there was one.
func (s *supervised) killChild() bool {
	child := childOf(s.pid())
	return child != 0 && syscall.Kill(child, syscall.SIGKILL) == nil
}

func (s *supervised) pid() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.current.cmd.Process.Pid
}

// end kills the service for good.
func (s *supervised) end() {
	s.mu.Lock()
	s.ending, s.asked = true, true
	p := s.current
	s.mu.Unlock()
	p.kill()
	<-s.ended
}
