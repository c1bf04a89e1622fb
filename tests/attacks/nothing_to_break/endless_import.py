"""Never ends while it is imported.

Expect: TIME
Says: CPU time limit of 1 s reached in `import hw`
Only: a_number
"""

while True:
    pass
