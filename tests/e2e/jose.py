"""Just enough of JOSE to look at what the simulator signs.

Pure Python on purpose: neither the simulator's nor the product's library
has a say in whether a signature holds.
"""

import base64
import hashlib
import json

# RFC 8017 9.2, note 1
DIGEST_INFO = {
    'sha256': bytes.fromhex('3031300d060960864801650304020105000420'),
    'sha384': bytes.fromhex('3041300d060960864801650304020205000430'),
    'sha512': bytes.fromhex('3051300d060960864801650304020305000440'),
}
ALPHABET = frozenset('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
                     '0123456789-_')


def decode(text):
    """Bytes of base64url without padding; ValueError for anything else."""
    if not set(text) <= ALPHABET or len(text) % 4 == 1:
        raise ValueError('not base64url: %r' % text)
    data = base64.urlsafe_b64decode(text + '=' * (-len(text) % 4))
    if encode(data) != text:
        raise ValueError('not canonical: %r' % text)
    return data


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b'=').decode('ascii')


class Token:
    """The parts of a compact JWS."""

    def __init__(self, text):
        header, payload, signature = text.split('.')
        self.text = text
        self.input = (header + '.' + payload).encode('ascii')
        self.raw_header = decode(header)
        self.raw_payload = decode(payload)
        self.signature = decode(signature)
        self.header = json.loads(self.raw_header)

    @property
    def claims(self):
        return json.loads(self.raw_payload)


def numbers(jwk):
    return (int.from_bytes(decode(jwk['n']), 'big'),
            int.from_bytes(decode(jwk['e']), 'big'))


def _opened(token, jwk):
    """The signature to the power of e, as long as the modulus."""
    n, e = numbers(jwk)
    length = (n.bit_length() + 7) // 8
    if len(token.signature) != length:
        return None
    number = int.from_bytes(token.signature, 'big')
    if number >= n:
        return None
    return pow(number, e, n).to_bytes(length, 'big')


def rsa_holds(token, jwk, digest='sha256'):
    """PKCS#1 v1.5, the whole block compared."""
    block = _opened(token, jwk)
    if block is None:
        return False
    tail = DIGEST_INFO[digest] + hashlib.new(digest, token.input).digest()
    filling = b'\xff' * (len(block) - len(tail) - 3)
    return block == b'\x00\x01' + filling + b'\x00' + tail


def _mask(seed, length):
    out = b''
    counter = 0
    while len(out) < length:
        out += hashlib.sha256(seed + counter.to_bytes(4, 'big')).digest()
        counter += 1
    return out[:length]


def pss_holds(token, jwk):
    """RFC 8017 9.1.2 with SHA-256 and a salt of 32 bytes (a modulus of
    whole bytes)."""
    block = _opened(token, jwk)
    if block is None or block[-1] != 0xbc or block[0] & 0x80:
        return False
    masked, digest = block[:-33], block[-33:-1]
    plain = bytearray(a ^ b for a, b in zip(masked,
                                            _mask(digest, len(masked))))
    plain[0] &= 0x7f
    salt = bytes(plain[-32:])
    if bytes(plain[:-32]) != b'\x00' * (len(plain) - 33) + b'\x01':
        return False
    hashed = hashlib.sha256(token.input).digest()
    return hashlib.sha256(b'\x00' * 8 + hashed + salt).digest() == digest


def _length(size):
    if size < 128:
        return bytes([size])
    data = size.to_bytes((size.bit_length() + 7) // 8, 'big')
    return bytes([0x80 | len(data)]) + data


def _der(tag, content):
    return bytes([tag]) + _length(len(content)) + content


def _integer(number):
    return _der(2, number.to_bytes(number.bit_length() // 8 + 1, 'big'))


def public_der(jwk):
    """SubjectPublicKeyInfo of an RSA key."""
    n, e = numbers(jwk)
    algorithm = bytes.fromhex('300d06092a864886f70d0101010500')
    key = _der(0x30, _integer(n) + _integer(e))
    return _der(0x30, algorithm + _der(3, b'\x00' + key))


def public_pem(jwk):
    text = base64.b64encode(public_der(jwk))
    lines = [text[i:i + 64] for i in range(0, len(text), 64)]
    return b'\n'.join([b'-----BEGIN PUBLIC KEY-----'] + lines +
                      [b'-----END PUBLIC KEY-----', b''])


def public_jwk(jwk):
    """The JSON text that HS256-jwk takes for its secret."""
    return json.dumps({'e': jwk['e'], 'n': jwk['n'], 'kty': 'RSA'},
                      separators=(',', ':')).encode('ascii')
