package service

import (
	"encoding"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"slices"
	"strings"

	"barometer/internal/barometer"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// maxConfigBytes bounds a configuration file; a real one has a few kilobytes.
const maxConfigBytes = 4 << 20

// LoadConfig reads the YAML file at path into the struct *into, over the defaults it already holds. It is strict: every
// key that the struct does not know, and every key given twice, is reported as file:line:column with the nearest
// valid name. It does not validate, because flags may still change what was read; call Validate afterwards.
func LoadConfig[T any](path string, into *T) error {
	f, err := os.Open(path)
	if err != nil {
		return barometer.Errorf(barometer.Invalid, "load configuration: %w", err)
	}
	defer f.Close() //nolint:errcheck // only read
	src, err := io.ReadAll(io.LimitReader(f, maxConfigBytes+1))
	if err != nil {
		return barometer.Errorf(barometer.Invalid, "load configuration: %w", err)
	}
	if len(src) > maxConfigBytes {
		return barometer.Errorf(barometer.Invalid, "load configuration: %s has more than %d MB", path, maxConfigBytes>>20)
	}
	return ParseConfig(path, src, into)
}

// ParseConfig is LoadConfig of a text; name stands for the file in messages.
func ParseConfig[T any](name string, src []byte, into *T) (err error) {
	defer func() { // the YAML library panics on some malformed tags
		if r := recover(); r != nil {
			err = barometer.Errorf(barometer.Invalid, "%s: is not well-formed YAML: %v", name, r)
		}
	}()
	file, err := parser.ParseBytes(src, 0)
	if err != nil {
		return located(name, err)
	}
	if len(file.Docs) > 1 {
		return barometer.Errorf(barometer.Invalid, "%s: has %d documents separated by ---, want one", name, len(file.Docs))
	}
	if len(file.Docs) == 0 || file.Docs[0].Body == nil {
		return nil
	}
	body := file.Docs[0].Body
	c := checker{file: name}
	c.check(body, reflect.TypeFor[T](), "")
	if len(c.errs) > 0 {
		return &barometer.Error{Kind: barometer.Invalid, Err: errors.Join(c.errs...)}
	}
	// Strict again: it also sees through anchors and merges, which the checker leaves alone.
	if err := yaml.NodeToValue(body, into, yaml.Strict()); err != nil {
		return located(name, err)
	}
	return nil
}

// located turns an error of the YAML library into file:line:column: message.
func located(name string, err error) error {
	if e, ok := errors.AsType[yaml.Error](err); ok && e.GetToken() != nil {
		p := e.GetToken().Position
		return barometer.Errorf(barometer.Invalid, "%s:%d:%d: %s", name, p.Line, p.Column, e.GetMessage())
	}
	return barometer.Errorf(barometer.Invalid, "%s: %w", name, err)
}

// checker compares a YAML tree with a Go type and collects every key that has no field and every value that does not fit.
type checker struct {
	file string
	errs []error
}

func (c *checker) check(node ast.Node, t reflect.Type, path string) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch n := node.(type) {
	case *ast.AnchorNode: // these two are ScalarNodes as well
		c.check(n.Value, t, path)
	case *ast.TagNode:
		c.check(n.Value, t, path)
	case ast.ScalarNode:
		c.checkScalar(n, t, path)
	case *ast.SequenceNode:
		if k := t.Kind(); k == reflect.Slice || k == reflect.Array {
			for i, v := range n.Values {
				c.check(v, t.Elem(), fmt.Sprintf("%s[%d]", path, i))
			}
		}
	case *ast.MappingNode:
		switch t.Kind() {
		case reflect.Map:
			for _, v := range n.Values {
				c.check(v.Value, t.Elem(), join(path, v.Key.String()))
			}
		case reflect.Struct:
			if !ownsDecoding(t) {
				c.checkStruct(n, t, path)
			}
		}
	}
}

// checkScalar decodes one value on its own, because the library's errors for durations and for types that decode
// themselves do not say where they come from.
func (c *checker) checkScalar(n ast.ScalarNode, t reflect.Type, path string) {
	if n.Type() == ast.AliasType || t.Kind() == reflect.Interface {
		return
	}
	err := yaml.NodeToValue(n, reflect.New(t).Interface())
	if err == nil {
		return
	}
	reason := err.Error()
	if e, ok := errors.AsType[yaml.Error](err); ok {
		reason = e.GetMessage()
	}
	if path == "" {
		path = "the whole file"
	}
	p := n.GetToken().Position
	c.errs = append(c.errs, fmt.Errorf("%s:%d:%d: %s: %s", c.file, p.Line, p.Column, path, reason))
}

func (c *checker) checkStruct(n *ast.MappingNode, t reflect.Type, path string) {
	fields := yamlFields(t)
	for _, v := range n.Values {
		if v.Key.IsMergeKey() {
			continue
		}
		token := v.Key.GetToken()
		field, ok := fields[token.Value]
		if ok {
			c.check(v.Value, field, join(path, token.Value))
			continue
		}
		where := "at the top"
		if path != "" {
			where = "in " + path
		}
		c.errs = append(c.errs, fmt.Errorf("%s:%d:%d: unknown setting %q %s: %s", c.file, token.Position.Line, token.Position.Column,
			token.Value, where, suggestion(token.Value, fields)))
	}
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// ownsDecoding says that values of t are read by a method of t, so that its fields are no settings.
func ownsDecoding(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return p.Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) ||
		p.Implements(reflect.TypeFor[yaml.BytesUnmarshaler]()) ||
		p.Implements(reflect.TypeFor[yaml.InterfaceUnmarshaler]())
}

// yamlFields returns the settings of a struct by name, those of inlined structs included.
func yamlFields(t reflect.Type) map[string]reflect.Type {
	fields := make(map[string]reflect.Type)
	for f := range t.Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if strings.Contains(options, "inline") {
			inner := f.Type
			if inner.Kind() == reflect.Pointer {
				inner = inner.Elem()
			}
			for n, ft := range yamlFields(inner) {
				fields[n] = ft
			}
			continue
		}
		if !f.IsExported() || name == "-" {
			continue
		}
		if name == "" {
			name = strings.ToLower(f.Name)
		}
		fields[name] = f.Type
	}
	return fields
}

// suggestion names the nearest valid setting, or all of them when none is near.
func suggestion(got string, fields map[string]reflect.Type) string {
	names := make([]string, 0, len(fields))
	for n := range fields {
		names = append(names, n)
	}
	slices.Sort(names)
	best, bestDistance := "", max(2, len(got)/3)+1
	for _, n := range names {
		if d := editDistance(strings.ToLower(got), n); d < bestDistance {
			best, bestDistance = n, d
		}
	}
	if best != "" {
		return fmt.Sprintf("did you mean %q?", best)
	}
	return "valid are " + strings.Join(names, ", ")
}

// editDistance is the least number of letters to insert, drop, change, or swap with their neighbour to make b of a.
func editDistance(a, b string) int {
	older, old, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		older, old, row = old, row, older
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := old[j-1]
			if a[i-1] != b[j-1] {
				change++
			}
			row[j] = min(change, old[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], older[j-2]+1)
			}
		}
	}
	return row[len(b)]
}
