#!/bin/sh
# The application behind the CGI origins: tells which request it answers and for whom, as the origin handed it over.
case ${REQUEST_URI%%\?*} in
  */empty) printf 'Status: 204 No Content\r\n\r\n' ;;
  */unchanged) printf 'Status: 304 Not Modified\r\nETag: "1"\r\n\r\n' ;;
  */stream) printf 'Content-Type: text/plain\r\n\r\n'; head -c 200000 /dev/zero | tr '\0' x ;;
  *)
    cat >/dev/null  # the whole body
    printf 'Content-Type: text/plain\r\n\r\n%s %s user=%s\n' "$REQUEST_METHOD" "$REQUEST_URI" "$HTTP_X_USER_ID"
    ;;
esac
