using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace SelfAdapt.Files.Npy;

/// <summary>An array from a NumPy .npy file, in C order (the last index runs fastest).</summary>
internal sealed class NpyArray
{
    private readonly SampleBuffer _samples;

    internal NpyArray(int[] shape, SampleBuffer samples) => (Shape, _samples) = (shape, samples);

    /// <summary>Sizes of the axes.</summary>
    public int[] Shape { get; }

    /// <summary>The number type in the file.</summary>
    public SampleKind Kind => _samples.Kind;

    /// <summary>The values in C order, as stored.</summary>
    internal SampleBuffer Samples => _samples;

    /// <summary>The values in C order as floats (wider types are rounded).</summary>
    public float[] ToFloats() => _samples.ToFloats();

    /// <summary>The values in C order as doubles (64-bit integers are rounded).</summary>
    public double[] ToDoubles() => _samples.ToDoubles();
}

/// <summary>Reads and writes NumPy .npy files.</summary>
internal static class NpyFile
{
    /// <summary>Reads an array of numbers or booleans.</summary>
    /// <exception cref="SelfAdaptException">
    /// UnreadableInput: absent, malformed, too large, or of a type that is not read (objects, structures,
    /// complex).
    /// </exception>
    public static NpyArray Read(string path) => Decode(FileBytes.Load(path));

    /// <summary>Writes an array of floats (version 1, little-endian, C order).</summary>
    /// <param name="path">The file; replaced if it is there.</param>
    /// <param name="values">The values in C order.</param>
    /// <param name="shape">Sizes of the axes.</param>
    /// <exception cref="ArgumentException">The number of values is not the product of the sizes.</exception>
    /// <exception cref="SelfAdaptException">OutputNotWritable: the file can't be written.</exception>
    public static void Write(string path, ReadOnlySpan<float> values, params int[] shape)
        => OutputFile.Write(path, Encode("f4", 4, MemoryMarshal.AsBytes(values), shape));

    /// <summary>Writes an array of 32-bit integers (version 1, little-endian, C order).</summary>
    /// <param name="path">The file; replaced if it is there.</param>
    /// <param name="values">The values in C order.</param>
    /// <param name="shape">Sizes of the axes.</param>
    /// <exception cref="ArgumentException">The number of values is not the product of the sizes.</exception>
    /// <exception cref="SelfAdaptException">OutputNotWritable: the file can't be written.</exception>
    public static void Write(string path, ReadOnlySpan<int> values, params int[] shape)
        => OutputFile.Write(path, Encode("i4", 4, MemoryMarshal.AsBytes(values), shape));

    /// <summary>The content of a file of floats, as <see cref="Write(string, ReadOnlySpan{float}, int[])"/> has it.
    /// </summary>
    /// <param name="values">The values in C order.</param>
    /// <param name="shape">Sizes of the axes.</param>
    /// <exception cref="ArgumentException">The number of values is not the product of the sizes.</exception>
    internal static byte[] Encode(ReadOnlySpan<float> values, params int[] shape)
        => Encode("f4", 4, MemoryMarshal.AsBytes(values), shape);

    /// <summary>Decodes an array.</summary>
    /// <exception cref="SelfAdaptException">UnreadableInput: as <see cref="Read"/>.</exception>
    internal static NpyArray Decode(FileBytes file)
    {
        NpyHeader header = NpyHeader.Parse(file);
        int size = header.Kind.Size();
        Int128 count = 1;
        foreach (int length in header.Shape)
        {
            // Stopping early keeps the product from running over; a zero further on makes an empty array all
            // the same.
            count = count > ImageLimits.FileSamples && length > 0 ? count : count * length;
        }

        long stored = file.Length - header.DataOffset;
        if (count * size > stored || count * size > Array.MaxLength)
        {
            throw file.Malformed(
                $"its shape ({string.Join(", ", header.Shape)}) needs {count * size} bytes of values "
                + $"but {stored} are there");
        }

        SampleBuffer samples = new(header.Kind, (long)count);
        ReadOnlySpan<byte> data = file.Slice(header.DataOffset, samples.Bytes.Length, "the values");
        if (header.FortranOrder && header.Shape.Length > 1)
        {
            Transpose(data, samples.Bytes, header.Shape, size);
        }
        else
        {
            data.CopyTo(samples.Bytes);
        }

        SampleBuffer.ToMachineOrder(samples.Bytes, size, header.BigEndian);
        return new NpyArray(header.Shape, samples);
    }

    /// <summary>
    /// Takes an array as a picture: [rows, columns], or three axes of which the smallest is channels.
    /// </summary>
    /// <exception cref="SelfAdaptException">
    /// UnreadableInput: as <see cref="Read"/>, or the shape is not a picture's (docs/cellpose.md 3.1: channel
    /// axis shorter than 10, the last one on ties).
    /// </exception>
    internal static Raster DecodePicture(FileBytes file)
    {
        const int MaximumChannels = 9;
        NpyArray array = Decode(file);
        int[] shape = [.. array.Shape.Where((n, axis) => n != 1 || array.Shape.Length <= 2)];
        if (shape.Length is < 2 or > 3 || shape.Min() == 0
            || (shape.Length == 3 && shape.Min() > MaximumChannels))
        {
            throw file.Unsupported(
                $"its shape ({string.Join(", ", array.Shape)}) is not a picture's: [rows, columns], "
                + $"or three axes of which one, the channels, is at most {MaximumChannels} long. Save every "
                + "image of a stack in a file of its own");
        }

        int axis = shape.Length == 2 ? -1 : Array.LastIndexOf(shape, shape.Min());
        int channels = axis < 0 ? 1 : shape[axis];
        int[] plane = [.. shape.Where((_, i) => i != axis)];
        file.CheckPageSize(plane[1], plane[0], channels, array.Kind.Size());
        Raster raster = new(channels, plane[0], plane[1], array.Kind);
        int size = array.Kind.Size();

        // Strides, in values, of the channel, row and column axis.
        int rowStride = axis is 1 or 2 ? plane[1] * channels : plane[1];
        int columnStride = axis == 2 ? channels : 1;
        int channelStride = axis == 0 ? plane[0] * plane[1] : axis == 1 ? plane[1] : 1;
        for (int c = 0; c < channels; c++)
        {
            for (int y = 0; y < plane[0]; y++)
            {
                int start = (c * channelStride) + (y * rowStride);
                SampleBuffer.CopyStrided(
                    array.Samples.Bytes.AsSpan(start * size), columnStride, raster.From(c, y, 0), 1, plane[1],
                    size);
            }
        }

        return raster;
    }

    private static void Transpose(ReadOnlySpan<byte> source, Span<byte> target, int[] shape, int size)
    {
        int rank = shape.Length;
        int[] index = new int[rank];
        int[] stride = new int[rank];
        int step = 1;
        for (int axis = 0; axis < rank; axis++)
        {
            (stride[axis], step) = (step, step * shape[axis]);
        }

        for (int at = 0, from = 0; at < target.Length; at += size)
        {
            source.Slice(from * size, size).CopyTo(target[at..]);
            for (int axis = rank - 1; axis >= 0; axis--)
            {
                from += stride[axis];
                if (++index[axis] < shape[axis])
                {
                    break;
                }

                from -= stride[axis] * shape[axis];
                index[axis] = 0;
            }
        }
    }

    private static byte[] Encode(string type, int size, ReadOnlySpan<byte> values, int[] shape)
    {
        long count = shape.Aggregate(1L, (product, n) => product * n);
        if (count * size != values.Length)
        {
            throw new ArgumentException(
                $"{values.Length / size} values can't have the shape {string.Join('x', shape)}.");
        }

        const int Alignment = 64;
        const int Prefix = 10;
        string sizes = string.Concat(shape.Select(n => n.ToString(CultureInfo.InvariantCulture) + ","));
        string text = $"{{'descr': '<{type}', 'fortran_order': False, 'shape': ({sizes}), }}";
        int padded = ((Prefix + text.Length + 1 + Alignment - 1) / Alignment * Alignment) - Prefix;
        byte[] bytes = new byte[Prefix + padded + values.Length];
        NpyHeader.Signature.CopyTo(bytes);
        bytes[6] = 1;
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(8), (ushort)padded);
        Encoding.ASCII.GetBytes(text.PadRight(padded - 1) + "\n").CopyTo(bytes, Prefix);
        values.CopyTo(bytes.AsSpan(Prefix + padded));
        SampleBuffer.ToMachineOrder(bytes.AsSpan(Prefix + padded), size, !BitConverter.IsLittleEndian);
        return bytes;
    }
}
