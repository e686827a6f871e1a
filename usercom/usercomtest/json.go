package usercomtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

// decode reads one JSON value and keeps the text of numbers.
func decode(data []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, errors.New("extra data")
	}
	return value, nil
}

// convertNumbers converts the numbers in a decoded value to int64 or else float64.
// Numbers that fit neither keep their text.
func convertNumbers(value any) any {
	switch value := value.(type) {
	case json.Number:
		if n, err := value.Int64(); err == nil {
			return n
		}
		if f, err := value.Float64(); err == nil {
			return f
		}
	case []any:
		for i := range value {
			value[i] = convertNumbers(value[i])
		}
	case map[string]any:
		for name := range value {
			value[name] = convertNumbers(value[name])
		}
	}
	return value
}
