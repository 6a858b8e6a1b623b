using System.Runtime.CompilerServices;
using ILGPU;

namespace SelfAdapt.Kernels;

/// <summary>The forward kernel's body, for the tiles and precisions of Convolution and TensorConvolution.</summary>
internal static class ConvolutionBody
{
    private const int Normalize = 8;
    private const int Relu = 16;

    /// <summary>The kernel; the last three are constants once it is inlined, so that branches on them vanish.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Forward(
        ArrayView<float> x, ArrayView<float> packed, ArrayView<float> y, ArrayView<float> bias,
        ArrayView<float> residual, ArrayView<float> perChannel, ArrayView<float> lanes, int flags, int pixels,
        int height, int width, int inputs, int outputs, int taps, ArrayView<float> sharedPixels,
        ArrayView<float> sharedWeights, int groupX, int groupY, int tensor)
    {
        int thread = (Group.IdxY * groupX) + Group.IdxX;
        int threads = groupX * groupY;
        int firstPixel = Grid.IdxX * 8 * groupY;
        int firstOutput = Grid.IdxY * 8 * groupX;
        int inPitch = Place.Pitch(inputs);
        int outPitch = Place.Pitch(outputs);
        int depth = taps * inPitch;

        // What this thread fetches: of up to four pixels the same quad of steps, of up to two steps a quad of outputs.
        int pixel = thread / 2;
        int half = threads / 2;
        PixelSource p0 = PixelSource.Of(firstPixel + pixel, pixels, height, width, inPitch, taps);
        PixelSource p1 = PixelSource.Of(firstPixel + pixel + half, pixels, height, width, inPitch, taps);
        PixelSource p2 = PixelSource.Of(firstPixel + pixel + (2 * half), pixels, height, width, inPitch, taps);
        PixelSource p3 = PixelSource.Of(firstPixel + pixel + (3 * half), pixels, height, width, inPitch, taps);
        int pixelStride = SharedTile.RowStride(groupY, tensor);
        int weightStride = SharedTile.ColumnStride(groupX, tensor) / 4;
        int storePixel = (thread % 2 * 4 * pixelStride) + pixel;
        int weightStep = thread / (2 * groupX);
        int weightColumn = thread % (2 * groupX);
        int output = firstOutput + (4 * weightColumn);
        int storeWeight = (weightStep * weightStride) + weightColumn;

        ArrayView<Quad> source = Quad.View(x);
        ArrayView<Quad> norm = Quad.View(lanes);
        ArrayView<Quad> weights = Quad.View(packed);
        ArrayView<Quad> rows = Quad.View(sharedPixels);
        ArrayView<Quad> columns = Quad.View(sharedWeights);
        RegisterTile sums = RegisterTile.Zero();
        int tap = 0;
        int channel = thread % 2 * 4;
        int slices = (depth + SharedTile.Depth - 1) / SharedTile.Depth;

        // Slice -1 only fetches; the last only multiplies.
        for (int slice = -1; slice < slices; slice++)
        {
            Quad q0 = Quad.All(0);
            Quad q1 = Quad.All(0);
            Quad q2 = Quad.All(0);
            Quad q3 = Quad.All(0);
            Quad w0 = Quad.All(0);
            Quad w1 = Quad.All(0);
            bool fetch = slice + 1 < slices;
            if (fetch)
            {
                while (channel >= inPitch)
                {
                    channel -= inPitch;
                    tap++;
                }

                int shift = taps == 1 ? 0 : ((((tap / 3) - 1) * width) + (tap % 3) - 1) * inPitch;
                InputNorm input = InputNorm.Of(norm, channel, inPitch, flags & (Normalize | Relu), inputs);
                q0 = Fetch(source, p0, tap, shift + channel, input);
                q1 = groupX < 16 ? Fetch(source, p1, tap, shift + channel, input) : q1;
                q2 = groupX < 8 ? Fetch(source, p2, tap, shift + channel, input) : q2;
                q3 = groupX < 8 ? Fetch(source, p3, tap, shift + channel, input) : q3;
                channel += SharedTile.Depth;

                int step = ((slice + 1) * SharedTile.Depth) + weightStep;
                w0 = FetchWeights(weights, step, depth, output, outPitch);
                w1 = groupY < 16 ? FetchWeights(weights, step + (groupY / 2), depth, output, outPitch) : w1;
            }

            if (slice >= 0)
            {
                sums = tensor != 0
                    ? TensorTile.AddSlice(sums, sharedPixels, sharedWeights, slice & 1, groupX, groupY)
                    : SharedTile.AddSlice(sums, rows, columns, slice & 1, groupX, groupY);
            }

            if (fetch)
            {
                int buffer = (slice + 1) & 1;
                int at = (buffer * SharedTile.Depth * pixelStride) + storePixel;
                Store(sharedPixels, at, pixelStride, SharedTile.Rounded(q0, tensor));
                if (groupX < 16)
                {
                    Store(sharedPixels, at + half, pixelStride, SharedTile.Rounded(q1, tensor));
                }

                if (groupX < 8)
                {
                    Store(sharedPixels, at + (2 * half), pixelStride, SharedTile.Rounded(q2, tensor));
                    Store(sharedPixels, at + (3 * half), pixelStride, SharedTile.Rounded(q3, tensor));
                }

                int weightAt = (buffer * SharedTile.Depth * weightStride) + storeWeight;
                columns[weightAt] = SharedTile.Rounded(w0, tensor);
                if (groupY < 16)
                {
                    columns[weightAt + (groupY / 2 * weightStride)] = SharedTile.Rounded(w1, tensor);
                }
            }

            Group.Barrier();
        }

        ConvolutionOutput to = ConvolutionOutput.Of(
            y, bias, residual, perChannel, flags, pixels, height * width, outputs, outPitch);
        if (tensor != 0)
        {
            TensorTile.Write(to, sums, firstPixel, firstOutput, groupX, groupY);
        }
        else
        {
            ConvolutionOutput.Write(to, sums, firstPixel, firstOutput, groupX, groupY);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Quad Fetch(ArrayView<Quad> source, PixelSource pixel, int tap, int offset, InputNorm input)
    {
        Quad value = Quad.All(0);
        if (((pixel.Taps >> tap) & 1) != 0)
        {
            value = InputNorm.Apply(input, source[(pixel.Start + offset) >> 2]);
        }

        return value;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Quad FetchWeights(ArrayView<Quad> weights, int step, int depth, int output, int outPitch)
    {
        Quad value = Quad.All(0);
        if (step < depth && output < outPitch)
        {
            value = weights[((step * outPitch) + output) >> 2];
        }

        return value;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(ArrayView<float> shared, int at, int step, Quad value)
    {
        shared[at] = value.X;
        shared[at + step] = value.Y;
        shared[at + (2 * step)] = value.Z;
        shared[at + (3 * step)] = value.W;
    }
}
