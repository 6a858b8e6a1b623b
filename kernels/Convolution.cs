using System.Runtime.CompilerServices;
using ILGPU;

namespace SelfAdapt.Kernels;

/// <summary>
/// Convolution 3x3 or 1x1, stride 1, zero padding, as an implicit matrix multiplication:
/// y[p, k] = sum over taps t and channels c of f(x[p + shift(t), c]) w[t, c, k] (+ bias, residual, per-channel term),
/// f = batch norm and ReLU if asked, and 0 outside the image.
/// Layout: x [pixels][pitch(C)], packed weights [taps][pitch(C)][pitch(K)], y [pixels][pitch(K)]. A group makes a tile
/// of pixels x channels from slices of 8 (tap, channel) steps; the next slice is fetched into registers while the
/// present one is multiplied out of shared memory (double buffer, one barrier a slice), 8x8 sums per thread. Pixels
/// lie fastest in shared memory, so a thread reads rows and columns as quads.
/// Launch: Forward{A}x{B}: group (B/8, A/8), grid (pixels/A, outputs/B), rounded up. Backward data is the same
/// kernel on PackBackward's weights.
/// Roofline share: not yet measured.
/// </summary>
public static class Convolution
{
    private const int WithBias = 1;
    private const int WithResidual = 2;
    private const int WithPerChannel = 4;
    private const int Normalize = 8;
    private const int Relu = 16;

    /// <summary>[K,C,taps] to [taps][pitch(C)][pitch(K)], zeros in the padding.</summary>
    public static void Pack(
        ArrayView<float> weight, ArrayView<float> packed, int outputs, int inputs, int taps, int count)
    {
        int i = Place.Index();
        if (i < count)
        {
            int inPitch = Place.Pitch(inputs);
            int outPitch = Place.Pitch(outputs);
            int k = i % outPitch;
            int c = i / outPitch % inPitch;
            int tap = i / (outPitch * inPitch);
            packed[i] = k < outputs && c < inputs ? weight[(((k * inputs) + c) * taps) + tap] : 0;
        }
    }

    /// <summary>[K,C,taps] to [taps][pitch(K)][pitch(C)] with the taps turned round: dy's channels are the inputs.</summary>
    public static void PackBackward(
        ArrayView<float> weight, ArrayView<float> packed, int outputs, int inputs, int taps, int count)
    {
        int i = Place.Index();
        if (i < count)
        {
            int inPitch = Place.Pitch(inputs);
            int outPitch = Place.Pitch(outputs);
            int c = i % inPitch;
            int k = i / inPitch % outPitch;
            int tap = taps - 1 - (i / (outPitch * inPitch));
            packed[i] = k < outputs && c < inputs ? weight[(((k * inputs) + c) * taps) + tap] : 0;
        }
    }

    /// <summary>64 pixels x 64 channels, 64 threads: small images.</summary>
    public static void Forward64x64(
        ArrayView<float> x, ArrayView<float> packed, ArrayView<float> y, ArrayView<float> bias,
        ArrayView<float> residual, ArrayView<float> perChannel, ArrayView<float> lanes, int flags, int pixels,
        int height, int width, int inputs, int outputs, int taps) =>
        Forward(
            x, packed, y, bias, residual, perChannel, lanes, flags, pixels, height, width, inputs, outputs, taps,
            SharedMemory.Allocate<float>(2 * SharedTile.Depth * (64 + SharedTile.Skew)),
            SharedMemory.Allocate<float>(2 * SharedTile.Depth * 64), 8, 8);

    /// <summary>128 pixels x 32 channels, 64 threads: few channels.</summary>
    public static void Forward128x32(
        ArrayView<float> x, ArrayView<float> packed, ArrayView<float> y, ArrayView<float> bias,
        ArrayView<float> residual, ArrayView<float> perChannel, ArrayView<float> lanes, int flags, int pixels,
        int height, int width, int inputs, int outputs, int taps) =>
        Forward(
            x, packed, y, bias, residual, perChannel, lanes, flags, pixels, height, width, inputs, outputs, taps,
            SharedMemory.Allocate<float>(2 * SharedTile.Depth * (128 + SharedTile.Skew)),
            SharedMemory.Allocate<float>(2 * SharedTile.Depth * 32), 4, 16);

    /// <summary>128 pixels x 64 channels, 128 threads.</summary>
    public static void Forward128x64(
        ArrayView<float> x, ArrayView<float> packed, ArrayView<float> y, ArrayView<float> bias,
        ArrayView<float> residual, ArrayView<float> perChannel, ArrayView<float> lanes, int flags, int pixels,
        int height, int width, int inputs, int outputs, int taps) =>
        Forward(
            x, packed, y, bias, residual, perChannel, lanes, flags, pixels, height, width, inputs, outputs, taps,
            SharedMemory.Allocate<float>(2 * SharedTile.Depth * (128 + SharedTile.Skew)),
            SharedMemory.Allocate<float>(2 * SharedTile.Depth * 64), 8, 16);

    /// <summary>128 pixels x 128 channels, 256 threads.</summary>
    public static void Forward128x128(
        ArrayView<float> x, ArrayView<float> packed, ArrayView<float> y, ArrayView<float> bias,
        ArrayView<float> residual, ArrayView<float> perChannel, ArrayView<float> lanes, int flags, int pixels,
        int height, int width, int inputs, int outputs, int taps) =>
        Forward(
            x, packed, y, bias, residual, perChannel, lanes, flags, pixels, height, width, inputs, outputs, taps,
            SharedMemory.Allocate<float>(2 * SharedTile.Depth * (128 + SharedTile.Skew)),
            SharedMemory.Allocate<float>(2 * SharedTile.Depth * 128), 16, 16);

    /// <summary>The kernel; the last two are constants once it is inlined, so that branches on them vanish.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Forward(
        ArrayView<float> x, ArrayView<float> packed, ArrayView<float> y, ArrayView<float> bias,
        ArrayView<float> residual, ArrayView<float> perChannel, ArrayView<float> lanes, int flags, int pixels,
        int height, int width, int inputs, int outputs, int taps, ArrayView<float> sharedPixels,
        ArrayView<float> sharedWeights, int groupX, int groupY)
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
        int storePixel = (thread % 2 * 4 * ((8 * groupY) + SharedTile.Skew)) + pixel;
        int weightStep = thread / (2 * groupX);
        int weightColumn = thread % (2 * groupX);
        int output = firstOutput + (4 * weightColumn);
        int storeWeight = (weightStep * 2 * groupX) + weightColumn;
        int sliceFloats = SharedTile.Depth * ((8 * groupY) + SharedTile.Skew);
        int sliceWeights = SharedTile.Depth * 2 * groupX;

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
                sums = SharedTile.AddSlice(sums, rows, columns, slice & 1, groupX, groupY);
            }

            if (fetch)
            {
                int buffer = (slice + 1) & 1;
                int at = (buffer * sliceFloats) + storePixel;
                int step = (8 * groupY) + SharedTile.Skew;
                Store(sharedPixels, at, step, q0);
                if (groupX < 16)
                {
                    Store(sharedPixels, at + half, step, q1);
                }

                if (groupX < 8)
                {
                    Store(sharedPixels, at + (2 * half), step, q2);
                    Store(sharedPixels, at + (3 * half), step, q3);
                }

                columns[(buffer * sliceWeights) + storeWeight] = w0;
                if (groupY < 16)
                {
                    columns[(buffer * sliceWeights) + storeWeight + threads] = w1;
                }
            }

            Group.Barrier();
        }

        int plane = height * width;
        int left = firstOutput + (4 * Group.IdxX);
        int right = left + (4 * groupX);
        int upper = firstPixel + (4 * Group.IdxY);
        int lower = upper + (4 * groupY);
        Epilogue to = Epilogue.Of(y, residual, perChannel, flags, pixels, plane, outPitch);
        Quad biasLeft = BiasQuad(bias, left, outputs, flags);
        Quad biasRight = BiasQuad(bias, right, outputs, flags);
        Epilogue.Write(to, upper, left, right, Quad.Add(sums.L0, biasLeft), Quad.Add(sums.R0, biasRight));
        Epilogue.Write(to, upper + 1, left, right, Quad.Add(sums.L1, biasLeft), Quad.Add(sums.R1, biasRight));
        Epilogue.Write(to, upper + 2, left, right, Quad.Add(sums.L2, biasLeft), Quad.Add(sums.R2, biasRight));
        Epilogue.Write(to, upper + 3, left, right, Quad.Add(sums.L3, biasLeft), Quad.Add(sums.R3, biasRight));
        Epilogue.Write(to, lower, left, right, Quad.Add(sums.L4, biasLeft), Quad.Add(sums.R4, biasRight));
        Epilogue.Write(to, lower + 1, left, right, Quad.Add(sums.L5, biasLeft), Quad.Add(sums.R5, biasRight));
        Epilogue.Write(to, lower + 2, left, right, Quad.Add(sums.L6, biasLeft), Quad.Add(sums.R6, biasRight));
        Epilogue.Write(to, lower + 3, left, right, Quad.Add(sums.L7, biasLeft), Quad.Add(sums.R7, biasRight));
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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Quad BiasQuad(ArrayView<float> bias, int output, int outputs, int flags)
    {
        Quad value = Quad.All(0);
        if ((flags & WithBias) != 0)
        {
            value.X = output < outputs ? bias[output] : 0;
            value.Y = output + 1 < outputs ? bias[output + 1] : 0;
            value.Z = output + 2 < outputs ? bias[output + 2] : 0;
            value.W = output + 3 < outputs ? bias[output + 3] : 0;
        }

        return value;
    }

    /// <summary>Where sums go and what is added on the way.</summary>
    private struct Epilogue
    {
        private ArrayView<Quad> _y;
        private ArrayView<Quad> _residual;
        private ArrayView<Quad> _perChannel;
        private int _flags;
        private int _pixels;
        private int _plane;
        private int _outPitch;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Epilogue Of(
            ArrayView<float> y, ArrayView<float> residual, ArrayView<float> perChannel, int flags, int pixels, int plane,
            int outPitch)
        {
            Epilogue to;
            to._y = Quad.View(y);
            to._residual = Quad.View(residual);
            to._perChannel = Quad.View(perChannel);
            to._flags = flags;
            to._pixels = pixels;
            to._plane = plane;
            to._outPitch = outPitch;
            return to;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Write(Epilogue to, int pixel, int left, int right, Quad leftSum, Quad rightSum)
        {
            if (pixel < to._pixels)
            {
                Write(to, pixel, left, leftSum);
                Write(to, pixel, right, rightSum);
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static void Write(Epilogue to, int pixel, int output, Quad value)
        {
            if (output < to._outPitch)
            {
                int at = ((pixel * to._outPitch) + output) >> 2;
                if ((to._flags & WithPerChannel) != 0)
                {
                    int own = ((pixel / to._plane * to._outPitch) + output) >> 2;
                    value = Quad.Add(value, to._perChannel[own]);
                }

                to._y[at] = (to._flags & WithResidual) != 0 ? Quad.Add(value, to._residual[at]) : value;
            }
        }
    }
}
