package embedded

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"
	"unsafe"

	"github.com/ebitengine/purego"

	"barometer/internal/barometer"
)

// libraryEnv names the library when it lies where nobody would look.
const libraryEnv = "BAROMETER_LIBCHDB"

// startedAfter is when the code that only the start has needed is given back.
const startedAfter = 15 * time.Second

// ServeClickHouse loads the ClickHouse library and serves until standard input is closed. The arguments are those of
// clickhouse-local. The process belongs to the server: the library installs handlers and starts threads of its own.
func ServeClickHouse(args []string) error {
	path, err := findLibrary("")
	if err != nil {
		return err
	}
	// The library keeps state by thread and expects to stay on the one it was called on.
	runtime.LockOSThread()
	library, err := purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil {
		return barometer.Errorf(barometer.Unavailable, "load the clickhouse library: %w", err)
	}
	symbol, err := purego.Dlsym(library, "query_stable_v2")
	if err != nil {
		return barometer.Errorf(barometer.Unavailable, "the clickhouse library %s is not one of libchdb: %w", path, err)
	}
	var query func(argc int32, argv **byte) *chdbResult
	purego.RegisterFunc(&query, symbol)

	argv := make([]*byte, 0, len(args)+2)
	for _, arg := range append([]string{"clickhouse"}, args...) {
		argv = append(argv, &append([]byte(arg), 0)[0])
	}
	argv = append(argv, nil)
	if real, err := filepath.EvalSymlinks(path); err == nil {
		time.AfterFunc(startedAfter, func() { _ = releaseCode(real) }) // a saving, not a need
	}
	result := query(int32(len(argv)-1), &argv[0])
	runtime.KeepAlive(argv)
	if result != nil && result.message != nil {
		return errors.New(goString(result.message))
	}
	return nil
}

// chdbResult is struct local_result_v2 of chdb.h.
type chdbResult struct {
	buf     unsafe.Pointer
	len     uintptr
	vec     unsafe.Pointer
	elapsed float64
	rows    uint64
	bytes   uint64
	message *byte
}

// goString reads a C string, of which an error message of a few lines is enough.
func goString(p *byte) string {
	const most = 4096
	var b []byte
	for n := range uintptr(most) {
		c := *(*byte)(unsafe.Add(unsafe.Pointer(p), n))
		if c == 0 {
			break
		}
		b = append(b, c)
	}
	return string(b)
}

// findLibrary looks for the library where the environment says, beside the program, in the node_modules of the working
// directory and of the program's directory and all their parents, and in the data directory, in that order.
func findLibrary(dataDir string) (string, error) {
	if path := os.Getenv(libraryEnv); path != "" {
		if _, err := os.Stat(path); err != nil {
			return "", barometer.Errorf(barometer.Unavailable, "%s: %w", libraryEnv, err)
		}
		return path, nil
	}
	const name = "libchdb.so" // on macOS too
	var candidates []string
	packaged := filepath.Join("node_modules", "@chdb", "lib-"+libraryPlatform(), name)
	executable, err := os.Executable()
	if err == nil {
		if real, err := filepath.EvalSymlinks(executable); err == nil {
			executable = real
		}
		candidates = append(candidates, filepath.Join(filepath.Dir(executable), name))
	}
	if wd, err := os.Getwd(); err == nil {
		candidates = appendUpwards(candidates, wd, packaged)
	}
	if err == nil {
		candidates = appendUpwards(candidates, filepath.Dir(executable), packaged)
	}
	if dataDir != "" {
		candidates = append(candidates, filepath.Join(dataDir, name))
	}
	for _, path := range candidates {
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			return path, nil
		}
	}
	return "", barometer.Errorf(barometer.Unavailable,
		"no ClickHouse found: run `npm ci` in the directory of the program, or install clickhouse 26.6 or newer, "+
			"or let %s name a libchdb.so, or set clickhouse.addr to a server", libraryEnv)
}

func appendUpwards(paths []string, dir, name string) []string {
	for {
		paths = append(paths, filepath.Join(dir, name))
		parent := filepath.Dir(dir)
		if parent == dir {
			return paths
		}
		dir = parent
	}
}

// libraryPlatform is how the packages of the library name an operating system and a processor.
func libraryPlatform() string {
	arch := map[string]string{"amd64": "x64"}[runtime.GOARCH]
	if arch == "" {
		arch = runtime.GOARCH
	}
	if runtime.GOOS == "linux" {
		return fmt.Sprintf("linux-%s-gnu", arch)
	}
	return fmt.Sprintf("%s-%s", runtime.GOOS, arch)
}
