"""Bytes to Arrow and back, without files: decode, encode, infer; what tables carry along."""
