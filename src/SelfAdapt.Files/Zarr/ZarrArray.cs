using System.Globalization;
using System.Text.Json;
using SelfAdapt.Files.Grids;

namespace SelfAdapt.Files.Zarr;

/// <summary>An array of Zarr version 2 or 3 in a folder; chunks are read where they are asked for.</summary>
internal sealed class ZarrArray : INumberGrid
{
    private readonly ZarrFolder _folder;
    private readonly long[] _chunk;
    private readonly ZarrCodecs _codecs;
    private readonly ZarrShards? _shards;
    private readonly byte[]? _fill;
    private readonly string _prefix;
    private readonly char _separator;

    /// <exception cref="SelfAdaptException">UnreadableInput: it is no array, damaged, or of a kind that is not read.</exception>
    public ZarrArray(ZarrFolder folder)
    {
        _folder = folder;
        JsonElement array = folder.Array ?? throw folder.File.Malformed("it describes no array");
        Shape = Sizes(array, "shape");
        JsonElement chunks = folder.IsVersion3 ? Grid(array) : array;
        _chunk = Sizes(chunks, folder.IsVersion3 ? "chunk_shape" : "chunks");
        if (_chunk.Length != Shape.Count || _chunk.Length is 0 or > 8)
        {
            throw folder.File.Malformed($"{Shape.Count} axes have chunks of {_chunk.Length}");
        }

        string type = ZarrFolder.Text(array, folder.IsVersion3 ? "data_type" : "dtype") ?? "a structure";
        (Kind, bool bigEndian) = KindOf(type) ?? throw folder.File.Unsupported($"its values are of the type {type}, which is not read");
        if (folder.IsVersion3)
        {
            JsonElement[] codecs = [.. ZarrFolder.List(array, "codecs")];
            int sharding = Array.FindIndex(codecs, c => ZarrFolder.Text(c, "name") == ZarrShards.Codec);
            if (sharding >= 0)
            {
                if (codecs.Length > 1)
                {
                    throw folder.File.Unsupported("its shards are packed as a whole, which is not read");
                }

                JsonElement settings = ZarrFolder.Object(codecs[0], "configuration");
                long[] inner = Sizes(settings, "chunk_shape");
                _shards = new ZarrShards(folder.File, settings, _chunk, inner);
                (_chunk, codecs) = (inner, [.. ZarrFolder.List(settings, "codecs")]);
            }

            _codecs = ZarrCodecs.OfVersion3(folder.File, codecs);
            JsonElement encoding = ZarrFolder.Object(array, "chunk_key_encoding");
            bool old = ZarrFolder.Text(encoding, "name") == "v2";
            _separator = (ZarrFolder.Text(ZarrFolder.Object(encoding, "configuration"), "separator") ?? (old ? "." : "/"))[0];
            _prefix = old ? "" : "c" + _separator;
        }
        else
        {
            if (ZarrFolder.Text(array, "order") == "F")
            {
                throw folder.File.Unsupported("its chunks are in Fortran's order, which is not read");
            }

            _codecs = ZarrCodecs.OfVersion2(folder.File, array, bigEndian);
            _separator = (ZarrFolder.Text(array, "dimension_separator") ?? ".")[0];
            _prefix = "";
        }

        Int128 bytes = Kind.Size();
        foreach (long length in _chunk)
        {
            bytes *= length;
        }

        if (bytes < 1 || bytes > ImageLimits.PageBytes)
        {
            throw folder.File.Unsupported($"its chunks of {string.Join(" x ", _chunk)} values are more than is read at once");
        }

        ChunkBytes = (int)bytes;
        _fill = FillOf(array);
    }

    public IReadOnlyList<long> Shape { get; }

    public IReadOnlyList<long> Chunk => _chunk;

    public SampleKind Kind { get; }

    private int ChunkBytes { get; }

    public void Read(ReadOnlySpan<long> start, ReadOnlySpan<int> count, byte[] target)
    {
        int axes = start.Length;
        long[] from = new long[axes];
        long[] to = new long[axes];
        for (int a = 0; a < axes; a++)
        {
            (from[a], to[a]) = (start[a] / _chunk[a], (start[a] + count[a] - 1) / _chunk[a]);
        }

        long[] index = [.. from];
        byte[] values = new byte[ChunkBytes];
        while (true)
        {
            if (TryDecode(index, values))
            {
                Copy(index, values, start, count, target);
            }
            else if (_fill is not null)
            {
                for (int at = 0; at < values.Length; at += _fill.Length)
                {
                    _fill.CopyTo(values, at);
                }

                Copy(index, values, start, count, target);
            }

            int axis = axes - 1;
            while (axis >= 0 && ++index[axis] > to[axis])
            {
                index[axis] = from[axis];
                axis--;
            }

            if (axis < 0)
            {
                return;
            }
        }
    }

    public void Dispose() => _shards?.Dispose();

    /// <summary>Decodes a chunk.</summary>
    /// <returns>False where it is not stored: all its values are the fill value.</returns>
    private bool TryDecode(long[] index, byte[] values)
    {
        string what = $"chunk {string.Join(", ", index)}";
        if (_shards is not null)
        {
            return _shards.TryDecode(PathOf(_shards.ShardOf(index)), index, _codecs, values, what) && InOrder();
        }

        string path = PathOf(index);
        if (!System.IO.File.Exists(path))
        {
            return false;
        }

        FileBytes file = FileBytes.Load(path);
        _codecs.Decode(file, file.All, values, what);
        return InOrder();

        bool InOrder()
        {
            SampleBuffer.ToMachineOrder(values, Kind.Size(), _codecs.BigEndian);
            return true;
        }
    }

    private string PathOf(long[] index) =>
        Path.Combine(_folder.Path, (_prefix + string.Join(_separator, index)).Replace('/', Path.DirectorySeparatorChar));

    /// <summary>Copies what a chunk has of a box, row by row along the last axis.</summary>
    private void Copy(long[] index, byte[] values, ReadOnlySpan<long> start, ReadOnlySpan<int> count, byte[] target)
    {
        int axes = _chunk.Length;
        int size = Kind.Size();
        int[] at = new int[axes];
        int[] length = new int[axes];
        int[] inChunk = new int[axes];
        int rows = 1;
        for (int a = 0; a < axes; a++)
        {
            long first = Math.Max(start[a], index[a] * _chunk[a]);
            long end = Math.Min(start[a] + count[a], (index[a] + 1) * _chunk[a]);
            (at[a], length[a], inChunk[a]) = ((int)(first - start[a]), (int)(end - first), (int)(first - (index[a] * _chunk[a])));
            rows *= a < axes - 1 ? length[a] : 1;
        }

        for (int row = 0; row < rows; row++)
        {
            (int rest, long source, long place, long sourceStep, long step) = (row, inChunk[^1], at[^1], _chunk[^1], count[^1]);
            for (int a = axes - 2; a >= 0; a--)
            {
                int offset = rest % length[a];
                rest /= length[a];
                source += (inChunk[a] + offset) * sourceStep;
                place += (at[a] + offset) * step;
                sourceStep *= _chunk[a];
                step *= count[a];
            }

            Buffer.BlockCopy(values, checked((int)(source * size)), target, checked((int)(place * size)), length[^1] * size);
        }
    }

    private long[] Sizes(JsonElement element, string name)
    {
        long[] sizes = [.. ZarrFolder.List(element, name).Select(e =>
            e.ValueKind == JsonValueKind.Number && e.TryGetInt64(out long size) && size is >= 0 and <= int.MaxValue ? size : -1)];
        return sizes.Contains(-1) || sizes.Length == 0
            ? throw _folder.File.Malformed($"its {name} is no list of whole numbers")
            : sizes;
    }

    private JsonElement Grid(JsonElement array)
    {
        JsonElement grid = ZarrFolder.Object(array, "chunk_grid");
        return ZarrFolder.Text(grid, "name") == "regular"
            ? ZarrFolder.Object(grid, "configuration")
            : throw _folder.File.Unsupported($"its chunks lie in a {ZarrFolder.Text(grid, "name")} grid; regular ones are read");
    }

    private static (SampleKind Kind, bool BigEndian)? KindOf(string type)
    {
        SampleKind? kind = type.TrimStart('<', '>', '|', '=') switch
        {
            "u1" or "uint8" or "b1" or "bool" => SampleKind.UInt8,
            "i1" or "int8" => SampleKind.Int8,
            "u2" or "uint16" => SampleKind.UInt16,
            "i2" or "int16" => SampleKind.Int16,
            "u4" or "uint32" => SampleKind.UInt32,
            "i4" or "int32" => SampleKind.Int32,
            "u8" or "uint64" => SampleKind.UInt64,
            "i8" or "int64" => SampleKind.Int64,
            "f2" or "float16" => SampleKind.Float16,
            "f4" or "float32" => SampleKind.Float32,
            "f8" or "float64" => SampleKind.Float64,
            _ => null,
        };
        return kind is { } known ? (known, type[0] == '>') : null;
    }

    /// <summary>The bytes of a value of chunks that are not stored; null for zero.</summary>
    private byte[]? FillOf(JsonElement array)
    {
        if (!array.TryGetProperty("fill_value", out JsonElement fill) || fill.ValueKind is JsonValueKind.Null or JsonValueKind.False)
        {
            return null;
        }

        double value = fill.ValueKind == JsonValueKind.Number ? fill.GetDouble()
            : fill.ValueKind == JsonValueKind.True ? 1
            : double.TryParse(fill.ToString(), NumberStyles.Float, CultureInfo.InvariantCulture, out double parsed) ? parsed
            : throw _folder.File.Unsupported($"its fill value {fill} is no number");
        return value == 0 ? null : Kind switch
        {
            SampleKind.UInt8 => [(byte)value],
            SampleKind.Int8 => [(byte)(sbyte)value],
            SampleKind.UInt16 => BitConverter.GetBytes((ushort)value),
            SampleKind.Int16 => BitConverter.GetBytes((short)value),
            SampleKind.UInt32 => BitConverter.GetBytes((uint)value),
            SampleKind.Int32 => BitConverter.GetBytes((int)value),
            SampleKind.UInt64 => BitConverter.GetBytes((ulong)value),
            SampleKind.Int64 => BitConverter.GetBytes((long)value),
            SampleKind.Float16 => BitConverter.GetBytes((Half)value),
            SampleKind.Float32 => BitConverter.GetBytes((float)value),
            _ => BitConverter.GetBytes(value),
        };
    }
}
