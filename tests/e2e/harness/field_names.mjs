// Names of header fields as the most careless service reads them: CGI and its heirs merge `X-User`, `X_User` and `x.user`.

export const folded = (name) => name.toLowerCase().replace(/[^a-z0-9]/g, '-');

// The values of all fields ([name, value] pairs) that anybody may take for `name`, which is given folded.
export const valuesOf = (fields, name) => fields.filter(([field]) => folded(field) === name).map(([, value]) => value);
