using ILGPU;

namespace SelfAdapt.Kernels;

/// <summary>
/// Convolution 3x3 or 1x1, stride 1, zero padding, as an implicit matrix multiplication: y[p, k] = sum over taps t and
/// channels c of f(x[p + shift(t), c]) w[t, c, k] (+ bias, residual, per-channel term), f = batch norm and ReLU if
/// asked, and 0 outside the image. Layout: x [pixels][pitch(C)], packed weights [taps][pitch(C)][pitch(K)], y
/// [pixels][pitch(K)]. A group makes a tile of pixels x channels from slices of 8 (tap, channel) steps; the next slice
/// is fetched into registers while the present one is multiplied out of shared memory (double buffer, one barrier a
/// slice), 8x8 sums per thread. Pixels lie fastest in shared memory, so a thread reads rows and columns as quads.
/// Launch: tile AxB: group (B/8, A/8), grid (pixels/A, outputs/B), rounded up. Backward data is the same kernel on
/// PackBackward's weights. In TF32 and BF16 the multiplication is <see cref="TensorTile"/>'s.
/// </summary>
public static class Convolution
{
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

    /// <summary>[K,C,taps] to [taps][pitch(K)][pitch(C)], taps turned round: dy's channels are the inputs.</summary>
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

    /// <summary>Small images take small tiles, few channels narrow ones.</summary>
    public static void Forward<TTile, TPrecision>(
        ArrayView<float> x, ArrayView<float> packed, ArrayView<float> y, ArrayView<float> bias,
        ArrayView<float> residual, ArrayView<float> perChannel, ArrayView<float> lanes, ConvolutionFlags flags,
        int pixels, int height, int width, int inputs, int outputs, int taps)
        where TTile : struct, ITile
        where TPrecision : struct, IPrecision =>
        ConvolutionBody.Forward(
            x, packed, y, bias, residual, perChannel, lanes, flags, pixels, height, width, inputs, outputs, taps,
            SharedMemory.Allocate<float>(SharedTile.RowFloats<TTile, TPrecision>()),
            SharedMemory.Allocate<float>(SharedTile.ColumnFloats<TTile, TPrecision>()),
            default(TTile).GroupX, default(TTile).GroupY, default(TPrecision).Format);
}
