using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace SelfAdapt.Files.Tiff;

/// <summary>
/// Writes a label image row by row: a TIFF of signed 32-bit numbers in Deflate strips, a BigTIFF where its labels take
/// more than 4 GB uncompressed.
/// </summary>
internal sealed class LabelTiffStream
{
    private const int StripBytes = 1 << 20;
    private const long LargestClassic = 4_000_000_000;

    private readonly Stream _stream;
    private readonly int _height;
    private readonly int _width;
    private readonly int _rowsPerStrip;
    private readonly bool _big;
    private readonly int[] _strip;
    private readonly List<ulong> _offsets = [];
    private readonly List<ulong> _counts = [];
    private int _inStrip;
    private int _rows;

    /// <summary>Begins a file.</summary>
    /// <param name="stream">An empty stream that can seek; stays the caller's to dispose.</param>
    public LabelTiffStream(Stream stream, int height, int width)
        : this(stream, height, width, (long)height * width * sizeof(int) > LargestClassic)
    {
    }

    internal LabelTiffStream(Stream stream, int height, int width, bool big)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        (_stream, _height, _width, _big) = (stream, height, width, big);
        _rowsPerStrip = Math.Clamp(StripBytes / sizeof(int) / width, 1, height);
        _strip = new int[_rowsPerStrip * width];
        _stream.Write(big ? "II+\0\b\0\0\0\0\0\0\0\0\0\0\0"u8 : "II*\0\0\0\0\0"u8);
    }

    /// <summary>Takes the next rows.</summary>
    /// <param name="rows">[rows, width], whole rows.</param>
    /// <exception cref="ArgumentException">These are no whole rows, or more than the image has.</exception>
    public void Write(ReadOnlySpan<int> rows)
    {
        if (rows.Length % _width != 0 || rows.Length / _width > _height - _rows)
        {
            throw new ArgumentException($"{rows.Length} labels can't follow after {_rows} rows of {_width}.");
        }

        _rows += rows.Length / _width;
        while (!rows.IsEmpty)
        {
            int count = Math.Min(rows.Length, _strip.Length - _inStrip);
            rows[..count].CopyTo(_strip.AsSpan(_inStrip));
            _inStrip += count;
            rows = rows[count..];
            if (_inStrip == _strip.Length)
            {
                FlushStrip();
            }
        }
    }

    /// <summary>Ends the file.</summary>
    /// <exception cref="InvalidOperationException">Rows are missing.</exception>
    public void Finish()
    {
        if (_rows != _height)
        {
            throw new InvalidOperationException($"Only {_rows} of {_height} rows were written.");
        }

        if (_inStrip > 0)
        {
            FlushStrip();
        }

        WriteDirectory();
    }

    private void FlushStrip()
    {
        byte[] bytes = MemoryMarshal.AsBytes(_strip.AsSpan(0, _inStrip)).ToArray();
        SampleBuffer.ToMachineOrder(bytes, sizeof(int), !BitConverter.IsLittleEndian);
        byte[] compressed = Inflater.Deflate(bytes);
        _offsets.Add((ulong)_stream.Position);
        _counts.Add((ulong)compressed.Length);
        _stream.Write(compressed);
        _inStrip = 0;
    }

    private void WriteDirectory()
    {
        int wide = _big ? 16 : 4;
        (TiffTag Tag, int Type, List<ulong> Values)[] tags =
        [
            (TiffTag.ImageWidth, 4, [(ulong)_width]), (TiffTag.ImageLength, 4, [(ulong)_height]),
            (TiffTag.BitsPerSample, 3, [32]), (TiffTag.Compression, 3, [8]), (TiffTag.Photometric, 3, [1]),
            (TiffTag.StripOffsets, wide, _offsets), (TiffTag.SamplesPerPixel, 3, [1]),
            (TiffTag.RowsPerStrip, 4, [(ulong)_rowsPerStrip]), (TiffTag.StripByteCounts, wide, _counts),
            (TiffTag.PlanarConfiguration, 3, [1]), (TiffTag.SampleFormat, 3, [2]),
        ];
        int room = _big ? 8 : 4;
        using MemoryStream directory = new();
        Number(directory, (ulong)tags.Length, _big ? 8 : 2);
        foreach ((TiffTag tag, int type, List<ulong> values) in tags)
        {
            int size = type switch { 3 => 2, 4 => 4, _ => 8 };
            using MemoryStream content = new();
            values.ForEach(value => Number(content, value, size));
            Number(directory, (ulong)tag, 2);
            Number(directory, (ulong)type, 2);
            Number(directory, (ulong)values.Count, room);
            if (content.Length > room)
            {
                Align();
                Number(directory, (ulong)_stream.Position, room);
                content.WriteTo(_stream);
            }
            else
            {
                content.SetLength(room);
                content.WriteTo(directory);
            }
        }

        Number(directory, 0, room);
        Align();
        ulong start = (ulong)_stream.Position;
        directory.WriteTo(_stream);
        _stream.Position = _big ? 8 : 4;
        Number(_stream, start, room);
        _stream.Position = _stream.Length;
    }

    private void Align()
    {
        while (_stream.Position % 8 != 0)
        {
            _stream.WriteByte(0);
        }
    }

    private static void Number(Stream stream, ulong value, int size)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        stream.Write(bytes[..size]);
    }
}
