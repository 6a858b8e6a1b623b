using System.Runtime.CompilerServices;
using ILGPU;

namespace SelfAdapt.Kernels;

/// <summary>The forward kernel's body, for all tiles and formats.</summary>
internal static class ConvolutionBody
{
    /// <summary>The kernel; the last three are constants once it is inlined, so that branches on them vanish.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Forward(
        ArrayView<float> x, ArrayView<float> packed, ArrayView<float> y, ArrayView<float> bias,
        ArrayView<float> residual, ArrayView<float> perChannel, ArrayView<float> lanes, ConvolutionFlags flags,
        int pixels, int height, int width, int inputs, int outputs, int taps, ArrayView<float> sharedPixels,
        ArrayView<float> sharedWeights, int groupX, int groupY, int format)
    {
        int thread = (Group.IdxY * groupX) + Group.IdxX;
        int half = groupX * groupY / 2;
        int firstPixel = Grid.IdxX * 8 * groupY;
        int firstOutput = Grid.IdxY * 8 * groupX;
        int inPitch = Place.Pitch(inputs);
        int outPitch = Place.Pitch(outputs);
        int depth = taps * inPitch;

        // What this thread fetches: of up to four pixels the same quad of steps, of up to two steps a quad of outputs.
        int pixel = thread / 2;
        int weightStep = thread / (2 * groupX);
        int weightColumn = thread % (2 * groupX);
        Source source;
        source.X = Quad.View(x);
        source.Lanes = Quad.View(lanes);
        source.Weights = Quad.View(packed);
        source.P0 = PixelSource.Of(firstPixel + pixel, pixels, height, width, inPitch, taps);
        source.P1 = PixelSource.Of(firstPixel + pixel + half, pixels, height, width, inPitch, taps);
        source.P2 = PixelSource.Of(firstPixel + pixel + (2 * half), pixels, height, width, inPitch, taps);
        source.P3 = PixelSource.Of(firstPixel + pixel + (3 * half), pixels, height, width, inPitch, taps);
        source.Flags = flags & InputNorm.Flags;
        source.Width = width;
        source.Inputs = inputs;
        source.InPitch = inPitch;
        source.Depth = depth;
        source.Output = firstOutput + (4 * weightColumn);
        source.OutPitch = outPitch;
        source.Taps = taps;

        int pixelStride = SharedTile.RowStride(groupY, format);
        int weightStride = SharedTile.ColumnStride(groupX, format) / 4;
        int storePixel = (thread % 2 * 4 * pixelStride) + pixel;
        int storeWeight = (weightStep * weightStride) + weightColumn;
        ArrayView<Quad> rows = Quad.View(sharedPixels);
        ArrayView<Quad> columns = Quad.View(sharedWeights);
        RegisterTile sums = RegisterTile.Zero();
        Position at = Position.Of(thread % 2 * 4, weightStep, inPitch);
        int steps = Operands.Steps(format);
        int slices = (depth + steps - 1) / steps;

        // Slice -1 only fetches; the last only multiplies.
        for (int slice = -1; slice < slices; slice++)
        {
            FetchedQuads low = FetchedQuads.None();
            FetchedQuads high = FetchedQuads.None();
            bool fetch = slice + 1 < slices;
            if (fetch)
            {
                low = Fetch(source, at, groupX, groupY);
                at = Position.Next(at, inPitch);
                if (format == Operands.Bf16)
                {
                    high = Fetch(source, at, groupX, groupY);
                    at = Position.Next(at, inPitch);
                }
            }

            if (slice >= 0)
            {
                sums = format != Operands.Fp32
                    ? TensorTile.AddSlice(sums, sharedPixels, sharedWeights, slice & 1, groupX, groupY, format)
                    : SharedTile.AddSlice(sums, rows, columns, slice & 1, groupX, groupY);
            }

            if (fetch)
            {
                int buffer = (slice + 1) & 1;
                int row = (buffer * SharedTile.Depth * pixelStride) + storePixel;
                Store(sharedPixels, row, pixelStride, Operands.Words(low.R0, high.R0, format));
                if (groupX < 16)
                {
                    Store(sharedPixels, row + half, pixelStride, Operands.Words(low.R1, high.R1, format));
                }

                if (groupX < 8)
                {
                    Store(sharedPixels, row + (2 * half), pixelStride, Operands.Words(low.R2, high.R2, format));
                    Store(sharedPixels, row + (3 * half), pixelStride, Operands.Words(low.R3, high.R3, format));
                }

                int column = (buffer * SharedTile.Depth * weightStride) + storeWeight;
                columns[column] = Operands.Words(low.C0, high.C0, format);
                if (groupY < 16)
                {
                    columns[column + (groupY / 2 * weightStride)] = Operands.Words(low.C1, high.C1, format);
                }
            }

            Group.Barrier();
        }

        ConvolutionOutput to = ConvolutionOutput.Of(
            y, bias, residual, perChannel, flags, pixels, height * width, outputs, outPitch);
        if (format != Operands.Fp32)
        {
            TensorTile.Write(to, sums, firstPixel, firstOutput, groupX, groupY);
        }
        else
        {
            ConvolutionOutput.Write(to, sums, firstPixel, firstOutput, groupX, groupY);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static FetchedQuads Fetch(Source source, Position at, int groupX, int groupY)
    {
        int shift = source.Taps == 1
            ? 0
            : ((((at.Tap / 3) - 1) * source.Width) + (at.Tap % 3) - 1) * source.InPitch;
        InputNorm input = InputNorm.Of(source.Lanes, at.Channel, source.InPitch, source.Flags, source.Inputs);
        int offset = shift + at.Channel;
        FetchedQuads f = FetchedQuads.None();
        f.R0 = FetchPixel(source.X, source.P0, at.Tap, offset, input);
        f.R1 = groupX < 16 ? FetchPixel(source.X, source.P1, at.Tap, offset, input) : f.R1;
        f.R2 = groupX < 8 ? FetchPixel(source.X, source.P2, at.Tap, offset, input) : f.R2;
        f.R3 = groupX < 8 ? FetchPixel(source.X, source.P3, at.Tap, offset, input) : f.R3;
        f.C0 = FetchWeights(source, at.Step);
        f.C1 = groupY < 16 ? FetchWeights(source, at.Step + (groupY / 2)) : f.C1;
        return f;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Quad FetchPixel(ArrayView<Quad> x, PixelSource pixel, int tap, int offset, InputNorm input)
    {
        Quad value = Quad.All(0);
        if (((pixel.Taps >> tap) & 1) != 0)
        {
            value = InputNorm.Apply(input, x[(pixel.Start + offset) >> 2]);
        }

        return value;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Quad FetchWeights(Source source, int step)
    {
        Quad value = Quad.All(0);
        if (step < source.Depth && source.Output < source.OutPitch)
        {
            value = source.Weights[((step * source.OutPitch) + source.Output) >> 2];
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

    /// <summary>What a thread reads, whatever the step.</summary>
    private struct Source
    {
        public ArrayView<Quad> X;
        public ArrayView<Quad> Lanes;
        public ArrayView<Quad> Weights;
        public PixelSource P0;
        public PixelSource P1;
        public PixelSource P2;
        public PixelSource P3;
        public ConvolutionFlags Flags;
        public int Width;
        public int Inputs;
        public int InPitch;
        public int Depth;
        public int Output;
        public int OutPitch;
        public int Taps;
    }

    /// <summary>Where a thread is in the depth: tap and channel of its pixels' quad, its weights' first step.</summary>
    private struct Position
    {
        public int Tap;
        public int Channel;
        public int Step;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Position Of(int channel, int step, int inPitch)
        {
            Position p;
            p.Tap = 0;
            p.Channel = channel;
            p.Step = step;
            return Inside(p, inPitch);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Position Next(Position p, int inPitch)
        {
            p.Channel += 8;
            p.Step += 8;
            return Inside(p, inPitch);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Position Inside(Position p, int inPitch)
        {
            while (p.Channel >= inPitch)
            {
                p.Channel -= inPitch;
                p.Tap++;
            }

            return p;
        }
    }
}
