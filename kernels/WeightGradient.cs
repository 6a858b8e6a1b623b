using System.Runtime.CompilerServices;
using ILGPU;

namespace SelfAdapt.Kernels;

/// <summary>
/// Convolution's gradient of weights and bias: dw[t, c, k] = sum over pixels p of f(x[p + shift(t), c]) dy[p, k],
/// db[k] = sum of dy[p, k], f as in <see cref="Convolution"/>. A matrix multiplication whose rows are (tap, channel),
/// whose columns are output channels and whose depth is the pixels, split over the grid's z; the parts are added in
/// their order, so the bits do not depend on which group ends first.
/// Layout: partial [splits][taps * pitch(C) + 1][pitch(K)], the last row the bias's; both operands lie as they are
/// read, pixel by pixel, so shared memory takes whole quads. Slices, double buffer and tiles as in Convolution.
/// Launch: Sum{A}x{B}: group (B/8, A/8), grid (rows/A, outputs/B, splits), rounded up. Finish: a thread per value of a part.
/// Roofline share: not yet measured.
/// </summary>
public static class WeightGradient
{
    private const int Normalize = 8;
    private const int Relu = 16;

    /// <summary>64 rows x 64 outputs, 64 threads.</summary>
    public static void Sum64x64(
        ArrayView<float> x, ArrayView<float> dy, ArrayView<float> lanes, ArrayView<float> partial, int flags, int pixels,
        int height, int width, int inputs, int outputs, int taps, int pixelsPerSplit) =>
        Sum(
            x, dy, lanes, partial, flags, pixels, height, width, inputs, outputs, taps, pixelsPerSplit,
            SharedMemory.Allocate<float>(2 * SharedTile.Depth * (64 + SharedTile.Skew)),
            SharedMemory.Allocate<float>(2 * SharedTile.Depth * 64), 8, 8);

    /// <summary>128 rows x 32 outputs, 64 threads.</summary>
    public static void Sum128x32(
        ArrayView<float> x, ArrayView<float> dy, ArrayView<float> lanes, ArrayView<float> partial, int flags, int pixels,
        int height, int width, int inputs, int outputs, int taps, int pixelsPerSplit) =>
        Sum(
            x, dy, lanes, partial, flags, pixels, height, width, inputs, outputs, taps, pixelsPerSplit,
            SharedMemory.Allocate<float>(2 * SharedTile.Depth * (128 + SharedTile.Skew)),
            SharedMemory.Allocate<float>(2 * SharedTile.Depth * 32), 4, 16);

    /// <summary>128 rows x 64 outputs, 128 threads.</summary>
    public static void Sum128x64(
        ArrayView<float> x, ArrayView<float> dy, ArrayView<float> lanes, ArrayView<float> partial, int flags, int pixels,
        int height, int width, int inputs, int outputs, int taps, int pixelsPerSplit) =>
        Sum(
            x, dy, lanes, partial, flags, pixels, height, width, inputs, outputs, taps, pixelsPerSplit,
            SharedMemory.Allocate<float>(2 * SharedTile.Depth * (128 + SharedTile.Skew)),
            SharedMemory.Allocate<float>(2 * SharedTile.Depth * 64), 8, 16);

    /// <summary>128 rows x 128 outputs, 256 threads.</summary>
    public static void Sum128x128(
        ArrayView<float> x, ArrayView<float> dy, ArrayView<float> lanes, ArrayView<float> partial, int flags, int pixels,
        int height, int width, int inputs, int outputs, int taps, int pixelsPerSplit) =>
        Sum(
            x, dy, lanes, partial, flags, pixels, height, width, inputs, outputs, taps, pixelsPerSplit,
            SharedMemory.Allocate<float>(2 * SharedTile.Depth * (128 + SharedTile.Skew)),
            SharedMemory.Allocate<float>(2 * SharedTile.Depth * 128), 16, 16);

    /// <summary>Adds the parts in order and puts them into torch's order [K,C,taps].</summary>
    public static void Finish(
        ArrayView<float> partial, ArrayView<float> dWeight, ArrayView<float> dBias, int inputs, int outputs, int taps,
        int splits, int withBias, int count)
    {
        int i = Place.Index();
        if (i >= count)
        {
            return;
        }

        float sum = 0;
        for (int split = 0; split < splits; split++)
        {
            sum += partial[(split * count) + i];
        }

        int inPitch = Place.Pitch(inputs);
        int outPitch = Place.Pitch(outputs);
        int k = i % outPitch;
        int c = i / outPitch % inPitch;
        int tap = i / (outPitch * inPitch);
        if (k < outputs && tap == taps && c == 0 && withBias != 0)
        {
            dBias[k] = sum;
        }

        if (k < outputs && tap < taps && c < inputs)
        {
            dWeight[(((k * inputs) + c) * taps) + tap] = sum;
        }
    }

    /// <summary>The kernel; the last two are constants once it is inlined.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Sum(
        ArrayView<float> x, ArrayView<float> dy, ArrayView<float> lanes, ArrayView<float> partial, int flags, int pixels,
        int height, int width, int inputs, int outputs, int taps, int pixelsPerSplit, ArrayView<float> sharedRows,
        ArrayView<float> sharedColumns, int groupX, int groupY)
    {
        int thread = (Group.IdxY * groupX) + Group.IdxX;
        int threads = groupX * groupY;
        int inPitch = Place.Pitch(inputs);
        int outPitch = Place.Pitch(outputs);
        int rowCount = taps * inPitch;
        int start = Grid.IdxZ * pixelsPerSplit;
        int end = start + pixelsPerSplit < pixels ? start + pixelsPerSplit : pixels;

        // What this thread fetches: one quad of rows at up to four pixels, one quad of outputs at up to two.
        int rowQuad = thread % (2 * groupY);
        int rowPixel = thread / (2 * groupY);
        int fetchedRow = (Grid.IdxX * 8 * groupY) + (4 * rowQuad);
        int tap = fetchedRow / inPitch;
        int channel = fetchedRow % inPitch;
        int down = taps == 1 ? 0 : (tap / 3) - 1;
        int right = taps == 1 ? 0 : (tap % 3) - 1;
        int columnQuad = thread % (2 * groupX);
        int columnPixel = thread / (2 * groupX);
        int output = (Grid.IdxY * 8 * groupX) + (4 * columnQuad);
        int rowStep = (2 * groupY) + 1;
        int storeRow = (rowPixel * rowStep) + rowQuad;

        ArrayView<Quad> source = Quad.View(x);
        ArrayView<Quad> gradient = Quad.View(dy);
        ArrayView<Quad> rows = Quad.View(sharedRows);
        ArrayView<Quad> columns = Quad.View(sharedColumns);
        InputNorm input = InputNorm.Of(
            Quad.View(lanes), channel, inPitch, fetchedRow < rowCount ? flags & (Normalize | Relu) : 0, inputs);
        int limit = fetchedRow < rowCount ? end : 0;
        MovingPixel m0 = MovingPixel.Of(start + rowPixel, height, width);
        MovingPixel m1 = MovingPixel.Of(start + rowPixel + (groupX / 2), height, width);
        MovingPixel m2 = MovingPixel.Of(start + rowPixel + groupX, height, width);
        MovingPixel m3 = MovingPixel.Of(start + rowPixel + (groupX / 2 * 3), height, width);
        int shift = (((down * width) + right) * inPitch) + channel;
        RegisterTile sums = RegisterTile.Zero();
        Quad biasSum = Quad.All(0);
        int slices = (end - start + SharedTile.Depth - 1) / SharedTile.Depth;

        // Slice -1 only fetches; the last only multiplies.
        for (int slice = -1; slice < slices; slice++)
        {
            Quad q0 = Quad.All(0);
            Quad q1 = Quad.All(0);
            Quad q2 = Quad.All(0);
            Quad q3 = Quad.All(0);
            Quad d0 = Quad.All(0);
            Quad d1 = Quad.All(0);
            bool fetch = slice + 1 < slices;
            if (fetch)
            {
                q0 = Fetch(source, m0, down, right, shift, limit, height, width, inPitch, input);
                m0 = MovingPixel.Next(m0, height, width);
                if (groupX < 16)
                {
                    q1 = Fetch(source, m1, down, right, shift, limit, height, width, inPitch, input);
                    m1 = MovingPixel.Next(m1, height, width);
                }

                if (groupX < 8)
                {
                    q2 = Fetch(source, m2, down, right, shift, limit, height, width, inPitch, input);
                    m2 = MovingPixel.Next(m2, height, width);
                    q3 = Fetch(source, m3, down, right, shift, limit, height, width, inPitch, input);
                    m3 = MovingPixel.Next(m3, height, width);
                }

                int pixel = start + ((slice + 1) * SharedTile.Depth) + columnPixel;
                d0 = FetchGradient(gradient, pixel, end, output, outPitch);
                biasSum = Quad.Add(biasSum, d0);
                if (groupY < 16)
                {
                    d1 = FetchGradient(gradient, pixel + (groupY / 2), end, output, outPitch);
                    biasSum = Quad.Add(biasSum, d1);
                }
            }

            if (slice >= 0)
            {
                sums = SharedTile.AddSlice(sums, rows, columns, slice & 1, groupX, groupY);
            }

            if (fetch)
            {
                int buffer = (slice + 1) & 1;
                int at = (buffer * SharedTile.Depth * rowStep) + storeRow;
                rows[at] = q0;
                if (groupX < 16)
                {
                    rows[at + (groupX / 2 * rowStep)] = q1;
                }

                if (groupX < 8)
                {
                    rows[at + (groupX * rowStep)] = q2;
                    rows[at + (groupX / 2 * 3 * rowStep)] = q3;
                }

                int columnAt = (buffer * SharedTile.Depth * 2 * groupX) + thread;
                columns[columnAt] = d0;
                if (groupY < 16)
                {
                    columns[columnAt + threads] = d1;
                }
            }

            Group.Barrier();
        }

        ArrayView<Quad> sumsOut = Quad.View(partial);
        int part = Grid.IdxZ * (rowCount + 1);
        int upper = (Grid.IdxX * 8 * groupY) + (4 * Group.IdxY);
        int lower = upper + (4 * groupY);
        int left = (Grid.IdxY * 8 * groupX) + (4 * Group.IdxX);
        int farRight = left + (4 * groupX);
        Write(sumsOut, part, upper, rowCount, left, farRight, outPitch, sums.L0, sums.R0);
        Write(sumsOut, part, upper + 1, rowCount, left, farRight, outPitch, sums.L1, sums.R1);
        Write(sumsOut, part, upper + 2, rowCount, left, farRight, outPitch, sums.L2, sums.R2);
        Write(sumsOut, part, upper + 3, rowCount, left, farRight, outPitch, sums.L3, sums.R3);
        Write(sumsOut, part, lower, rowCount, left, farRight, outPitch, sums.L4, sums.R4);
        Write(sumsOut, part, lower + 1, rowCount, left, farRight, outPitch, sums.L5, sums.R5);
        Write(sumsOut, part, lower + 2, rowCount, left, farRight, outPitch, sums.L6, sums.R6);
        Write(sumsOut, part, lower + 3, rowCount, left, farRight, outPitch, sums.L7, sums.R7);

        // The first tile of rows has seen every gradient: its threads' sums, added column by column, are the bias's.
        if (Grid.IdxX == 0)
        {
            columns[thread] = biasSum;
            Group.Barrier();
            if (thread < 2 * groupX && output < outPitch)
            {
                Quad total = columns[thread];
                for (int other = thread + (2 * groupX); other < threads; other += 2 * groupX)
                {
                    total = Quad.Add(total, columns[other]);
                }

                sumsOut[(((part + rowCount) * outPitch) + output) >> 2] = total;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Quad Fetch(
        ArrayView<Quad> source, MovingPixel pixel, int down, int right, int shift, int limit, int height, int width,
        int pitch, InputNorm input)
    {
        int row = pixel.Row + down;
        int column = pixel.Column + right;
        Quad value = Quad.All(0);
        if (pixel.Index < limit && row >= 0 && row < height && column >= 0 && column < width)
        {
            value = InputNorm.Apply(input, source[((pixel.Index * pitch) + shift) >> 2]);
        }

        return value;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Quad FetchGradient(ArrayView<Quad> gradient, int pixel, int end, int output, int outPitch)
    {
        Quad value = Quad.All(0);
        if (pixel < end && output < outPitch)
        {
            value = gradient[((pixel * outPitch) + output) >> 2];
        }

        return value;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Write(
        ArrayView<Quad> partial, int part, int row, int rowCount, int left, int right, int outPitch, Quad leftSum,
        Quad rightSum)
    {
        if (row < rowCount)
        {
            int at = (part + row) * outPitch;
            if (left < outPitch)
            {
                partial[(at + left) >> 2] = leftSum;
            }

            if (right < outPitch)
            {
                partial[(at + right) >> 2] = rightSum;
            }
        }
    }

    /// <summary>A pixel that moves on by a slice at a time, without dividing.</summary>
    private struct MovingPixel
    {
        public int Index;
        public int Row;
        public int Column;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static MovingPixel Of(int pixel, int height, int width)
        {
            MovingPixel m;
            m.Index = pixel;
            m.Row = pixel / width % height;
            m.Column = pixel % width;
            return m;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static MovingPixel Next(MovingPixel m, int height, int width)
        {
            m.Index += SharedTile.Depth;
            m.Column += SharedTile.Depth;
            while (m.Column >= width)
            {
                m.Column -= width;
                m.Row = m.Row + 1 < height ? m.Row + 1 : 0;
            }

            return m;
        }
    }
}
