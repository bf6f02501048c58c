"""What a value must look like.

Each check takes the text as it was set and returns the value to keep, or raises `ValueError`
with the end of a sentence that begins with the value: "is not …; write …".
"""
