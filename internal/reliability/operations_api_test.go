package reliability

import (
	"context"
	"reflect"
	"slices"
	"strings"

	"github.com/usersync/usersync/rest"
)

// apiPrefix is the prefix of the names of calls of the generated clients.
const apiPrefix = "API."

// calls lists each entry once, and all methods of the generated clients: for tests with
// servers that are no fakes.
func calls() (all []operation) {
	for _, op := range operations() {
		if len(op.requests) > 0 && !slices.ContainsFunc(all, func(o operation) bool { return o.provider == op.provider && o.entry == op.entry }) {
			all = append(all, op)
		}
	}
	for _, p := range providers {
		all = append(all, p.apiCalls()...)
	}
	return all
}

// methods returns the methods that send requests: "UpsertUser", "Bulk.UpsertUser".
func (p provider[C, S]) methods() (names []string) {
	client := reflect.TypeFor[C]()
	for method := range client.Methods() {
		if method.Name != "API" {
			names = append(names, p.name+" "+method.Name)
		}
	}
	if bulk, ok := client.MethodByName("Bulk"); ok {
		for method := range bulk.Type.Out(0).Methods() {
			names = append(names, p.name+" Bulk."+method.Name)
		}
	}
	return names
}

// apiCalls returns a call of each method of the generated client.
func (p provider[C, S]) apiCalls() (all []operation) {
	api, _ := reflect.TypeFor[C]().MethodByName("API")
	methods := api.Type.Out(0)
	for method := range methods.Methods() {
		name, ok := strings.CutSuffix(method.Name, "WithResponse")
		if typed, hasBody := strings.CutSuffix(name, "WithBody"); hasBody {
			name = typed
			if _, hasTyped := methods.MethodByName(typed + "WithResponse"); hasTyped {
				continue
			}
		}
		if ok {
			all = append(all, operation{provider: p.name, name: apiPrefix + name, entry: apiPrefix + name, start: func(c connection) subject {
				client, _, server := p.start(c)
				api := reflect.ValueOf(client).MethodByName("API").Call(nil)[0]
				return subject{server: server, key: p.key, call: func(ctx context.Context) (result, error) {
					out := api.MethodByName(method.Name).Call(arguments(ctx, method.Type))
					err, _ := out[1].Interface().(error)
					return result{}, err
				}}
			}})
		}
	}
	return all
}

// arguments returns the arguments of a method of a generated client: ids, and empty
// parameters and bodies.
func arguments(ctx context.Context, method reflect.Type) []reflect.Value {
	values := []reflect.Value{reflect.ValueOf(ctx)}
	for i := 2; i < method.NumIn()-1; i++ { // between the context and the request editors
		value := reflect.New(method.In(i)).Elem()
		switch value.Kind() {
		case reflect.String:
			value.SetString("u1")
		case reflect.Int64:
			value.SetInt(7)
		}
		values = append(values, value)
	}
	return values
}

// isWrapperCall reports whether op calls a method of a wrapper, not of a generated client.
func (o operation) isWrapperCall() bool { return !strings.HasPrefix(o.name, apiPrefix) }

// noQuotas are the options of clients that send without waiting for a quota.
func noQuotas(options ...rest.Option) []rest.Option { return append(options, rest.WithQuotas()) }
