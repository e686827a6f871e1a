package identifai

import (
	"bytes"
	"io"
	"mime/multipart"
	"strconv"

	"github.com/usersync/usersync/internal/fields"
	"github.com/usersync/usersync/rest"
)

// encodeForm returns the content type and the body of a request with these fields of u
// as multipart/form-data. The body is in memory, so that its length is known and
// net/http can send it again.
func encodeForm(u UserInput, list []fields.Field, textBooleans bool) (contentType string, body io.Reader) {
	var buffer bytes.Buffer
	parts := multipart.NewWriter(&buffer)
	for _, field := range list {
		if text, isSent := partText(field.Of(&u).Interface(), textBooleans); isSent {
			_ = parts.WriteField(field.Name, text) // a bytes.Buffer accepts every write
		}
	}
	_ = parts.Close()
	return parts.FormDataContentType(), bytes.NewReader(buffer.Bytes())
}

// partText returns the text of a part. A field that is not set has no part: Laravel reads
// an empty part as null, which other fields than the id must not be. Without an id the
// part is empty: multipart has no null, and the spec requires the part (inference).
func partText(value any, textBooleans bool) (text string, isSent bool) {
	switch value := value.(type) {
	case *int64: // the id
		if value == nil {
			return "", true
		}
		return strconv.FormatInt(*value, 10), true
	case int64:
		return strconv.FormatInt(value, 10), true
	case *bool:
		switch {
		case value == nil:
			return "", false
		case textBooleans:
			return strconv.FormatBool(*value), true
		case *value:
			return "1", true
		}
		return "0", true
	case rest.Secret:
		return string(value), value != ""
	}
	text, _ = value.(string)
	return text, text != ""
}
