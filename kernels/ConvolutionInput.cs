using System.Runtime.CompilerServices;
using ILGPU;

namespace SelfAdapt.Kernels;

/// <summary>A pixel that a thread reads around: where its values start, and which taps stay inside the image.</summary>
internal struct PixelSource
{
    /// <summary>Index of the pixel's first value.</summary>
    public int Start;

    /// <summary>Bit t: tap t reads inside.</summary>
    public int Taps;

    /// <summary>Finds it; a pixel behind the last has no taps.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static PixelSource Of(int pixel, int pixels, int height, int width, int pitch, int taps)
    {
        int row = pixel / width % height;
        int column = pixel % width;
        int rows = (row > 0 ? 0b000_000_111 : 0) | 0b000_111_000 | (row < height - 1 ? 0b111_000_000 : 0);
        int columns = (column > 0 ? 0b001_001_001 : 0) | 0b010_010_010 | (column < width - 1 ? 0b100_100_100 : 0);
        PixelSource source;
        source.Start = pixel * pitch;
        source.Taps = pixel >= pixels ? 0 : taps == 1 ? 1 : rows & columns;
        return source;
    }
}

/// <summary>What is done to a quad of input channels before it is convolved.</summary>
internal struct InputNorm
{
    public const ConvolutionFlags Flags = ConvolutionFlags.Normalize | ConvolutionFlags.Relu;

    private Quad _mean;
    private Quad _factor;
    private Quad _bias;
    private ConvolutionFlags _flags;
    private int _used;

    /// <summary>Reads the normalisation of channels channel .. channel + 3.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static InputNorm Of(ArrayView<Quad> lanes, int channel, int pitch, ConvolutionFlags flags, int inputs)
    {
        InputNorm norm;
        norm._mean = Quad.All(0);
        norm._factor = Quad.All(0);
        norm._bias = Quad.All(0);
        if ((flags & ConvolutionFlags.Normalize) != 0)
        {
            norm._mean = lanes[channel >> 2];
            norm._factor = lanes[(pitch + channel) >> 2];
            norm._bias = lanes[((2 * pitch) + channel) >> 2];
        }

        norm._flags = flags;
        norm._used = inputs - channel;
        return norm;
    }

    /// <summary>The values normalised; zero in the padding, whatever it holds.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Quad Apply(InputNorm norm, Quad value)
    {
        if ((norm._flags & ConvolutionFlags.Normalize) != 0)
        {
            value = Quad.Add(Quad.Multiply(Quad.Subtract(value, norm._mean), norm._factor), norm._bias);
            value = (norm._flags & ConvolutionFlags.Relu) != 0 ? Quad.Relu(value) : value;
        }

        if (norm._used < 4)
        {
            value = Quad.Of(
                value.X, norm._used > 1 ? value.Y : 0, norm._used > 2 ? value.Z : 0, 0);
        }

        return value;
    }
}
