using System.Runtime.CompilerServices;
using ILGPU;

namespace SelfAdapt.Kernels;

/// <summary>The weight gradient's body, for the tiles and precisions of WeightGradient and its tensor twin.</summary>
internal static class WeightGradientBody
{
    private const int Normalize = 8;
    private const int Relu = 16;

    /// <summary>The kernel; the last three are constants once it is inlined.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Sum(
        ArrayView<float> x, ArrayView<float> dy, ArrayView<float> lanes, ArrayView<float> partial, int flags,
        int pixels, int height, int width, int inputs, int outputs, int taps, int pixelsPerSplit,
        ArrayView<float> sharedRows, ArrayView<float> sharedColumns, int groupX, int groupY, int tensor)
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
        int rowStep = SharedTile.RowStride(groupY, tensor) / 4;
        int columnStep = SharedTile.ColumnStride(groupX, tensor) / 4;
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
                sums = tensor != 0
                    ? TensorTile.AddSlice(sums, sharedRows, sharedColumns, slice & 1, groupX, groupY)
                    : SharedTile.AddSlice(sums, rows, columns, slice & 1, groupX, groupY);
            }

            if (fetch)
            {
                int buffer = (slice + 1) & 1;
                int at = (buffer * SharedTile.Depth * rowStep) + storeRow;
                rows[at] = SharedTile.Rounded(q0, tensor);
                if (groupX < 16)
                {
                    rows[at + (groupX / 2 * rowStep)] = SharedTile.Rounded(q1, tensor);
                }

                if (groupX < 8)
                {
                    rows[at + (groupX * rowStep)] = SharedTile.Rounded(q2, tensor);
                    rows[at + (groupX / 2 * 3 * rowStep)] = SharedTile.Rounded(q3, tensor);
                }

                int columnAt = (((buffer * SharedTile.Depth) + columnPixel) * columnStep) + columnQuad;
                columns[columnAt] = SharedTile.Rounded(d0, tensor);
                if (groupY < 16)
                {
                    columns[columnAt + (groupY / 2 * columnStep)] = SharedTile.Rounded(d1, tensor);
                }
            }

            Group.Barrier();
        }

        // A part is laid out as a convolution's output: rows for pixels.
        int part = Grid.IdxZ * (rowCount + 1);
        ConvolutionOutput to = ConvolutionOutput.Of(
            partial, partial, partial, partial, 0, part + rowCount, 1, outputs, outPitch);
        int firstRow = Grid.IdxX * 8 * groupY;
        int firstOutput = Grid.IdxY * 8 * groupX;
        if (tensor != 0)
        {
            TensorTile.Write(to, sums, part + firstRow, firstOutput, groupX, groupY);
        }
        else
        {
            ConvolutionOutput.Write(to, sums, part + firstRow, firstOutput, groupX, groupY);
        }

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

                Quad.View(partial)[(((part + rowCount) * outPitch) + output) >> 2] = total;
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
