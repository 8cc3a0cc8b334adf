-- For magnet.attract-raw-url-to of lighttpd, before authgear.lua: nobody is
-- asked about this address.  An earlier pass at another address says nothing.
lighty.r.req_env["AUTHGEAR_PUBLIC"] = lighty.r.req_attr["request.uri"]
return 0
