using ILGPU;

namespace SelfAdapt.Kernels;

/// <summary>
/// Between plain NCHW vectors and tensors: images come in with one or two channels and leave with a few, so each thread
/// simply moves one value. Layout: vector value ((n * C) + c) * plane + p, tensor value ((n * plane) + p) * pitch + c.
/// Launch: one thread per value written, groups of 256.
/// </summary>
public static class Layout
{
    /// <summary>NCHW to tensor; the padding becomes zero.</summary>
    public static void Import(
        ArrayView<float> source, ArrayView<float> target, int channels, int plane, int pitch, int count)
    {
        int i = Place.Index();
        if (i < count)
        {
            int c = i % pitch;
            int pixel = i / pitch;
            int n = pixel / plane;
            target[i] = c < channels ? source[(((n * channels) + c) * plane) + (pixel % plane)] : 0;
        }
    }

    /// <summary>Tensor to NCHW.</summary>
    public static void Export(
        ArrayView<float> source, ArrayView<float> target, int channels, int plane, int pitch, int count)
    {
        int i = Place.Index();
        if (i < count)
        {
            int c = i / plane % channels;
            int n = i / (plane * channels);
            target[i] = source[(((n * plane) + (i % plane)) * pitch) + c];
        }
    }
}
