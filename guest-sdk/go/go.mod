module maelstrom

go 1.24
