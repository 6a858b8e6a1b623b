using SelfAdapt.Engine;
using SelfAdapt.Models.Cellpose;
using SelfAdapt.Models.Onnx;
using SelfAdapt.Models.Torch;

namespace SelfAdapt.Tests.Engine.Autodiff;

/// <summary>Networks small enough for the reference backend, with random weights of a fixed seed.</summary>
internal static class SmallNetworks
{
    /// <summary>Cellpose's network, four levels, with weights and statistics that are all different.</summary>
    public static OnnxModel Cellpose(params int[] widths)
    {
        ulong counter = 0;
        double Next() => CounterRandom.Uniform(5, counter++);
        TorchCheckpoint state = CellposeGraphBuilder.RandomState([2, .. widths], Next);
        OnnxTensor[] tensors = [.. state.Tensors.Select(t =>
            t.Dims.Count == 1 && t.Name.Contains("running", StringComparison.Ordinal)
                ? OnnxTensor.FromFloats(t.Name, [.. t.Dims], [.. t.ToFloats().Select(v => v + (0.4f * (float)Next()))])
                : t)];
        return CellposeGraphBuilder.Build(new TorchCheckpoint("small", tensors));
    }

    /// <summary>A U-Net of two levels: Conv, Relu, MaxPool, linear Resize, Concat; one logit.</summary>
    public static OnnxModel UNet()
    {
        ModelSketch s = new(1, 3, 1);
        string top = s.Relu(s.Conv(s.Relu(s.Conv("x", 3, 5, 3)), 5, 6, 3));
        string bottom = s.Relu(s.Conv(s.MaxPool(top), 6, 9, 3));
        string joined = s.Concat(s.ResizeLinear(bottom), top);
        s.Conv(s.Relu(s.Conv(joined, 15, 4, 3)), 4, 1, 1, "y");
        return s.Model();
    }

    /// <summary>
    /// One value read by everything at once: twice by an Add, by a convolution, a Concat (twice), a pooled branch
    /// and a pool; the image itself is joined in as well.
    /// </summary>
    public static OnnxModel Tangle()
    {
        ModelSketch s = new(3, 2, 3);
        string t = s.Relu(s.BatchNorm(s.Conv("x", 2, 4, 3), 4));
        string twice = s.Node("Add", [t, t]);
        string norm = s.BatchNorm(t, 4);
        string both = s.Node("Add", [norm, s.Relu(norm)]);
        string style = s.Linear(s.Pooled(t), 4, 4);
        string styled = s.Node("Add", [twice, style]);
        string low = s.ResizeNearest(s.Conv(s.MaxPool(t), 4, 4, 1));
        string sum = s.Node("Add", [s.Node("Add", [styled, both]), s.Node("Add", [low, t])]);
        s.Conv(s.Concat(t, sum, t, "x"), 14, 3, 3, "y");
        return s.Model();
    }

    /// <summary>
    /// A latent of the image's first channels, exp(a) times the mean of the others, added to a map that was doubled from corner to
    /// corner; mean and deviation joined as an output of their own.
    /// </summary>
    public static OnnxModel Latent()
    {
        ModelSketch s = new(8, 4, 1);
        s.AddOutput("latent", 6);
        string image = s.Channels("x", 0, 2);
        string mean = s.Linear(s.Pooled(image), 2, 3);
        string low = s.Relu(s.Conv(s.MaxPool(s.Relu(s.Conv(image, 2, 5, 3))), 5, 4, 3));
        string deviation = s.Linear(s.Pooled(low), 4, 3);
        string noise = s.Linear(s.Pooled(s.Channels("x", 2, int.MaxValue)), 2, 3);
        string z = s.Node("Add", [mean, s.Node("Mul", [s.Node("Exp", [deviation]), noise])]);
        string map = s.Concat(s.Channels("x", -2, -1), s.ResizeAligned(low));
        string shifted = s.Node("Add", [s.Conv(s.Node("Mul", [map, s.Conv(image, 2, 5, 1)]), 5, 3, 3), z]);
        s.Conv(s.Relu(shifted), 3, 1, 1, "y");
        s.Named("Concat", "join", [mean, deviation], "latent", OnnxAttribute.Int("axis", 1));
        return s.Model();
    }

    /// <summary>
    /// Ways down by strides of 2, of 3x3, 1x1 and no convolution, ways up by ConvTranspose, of odd widths, with a bias and without one;
    /// inputs that other operators read, too.
    /// </summary>
    public static OnnxModel Strides()
    {
        ModelSketch s = new(7, 2, 3);
        string x = s.Relu(s.BatchNorm(s.Conv("x", 2, 5, 3), 5));
        string low = s.Relu(s.BatchNorm(s.StridedConv(x, 5, 6, 3), 6));
        low = s.Node("Add", [low, s.StridedConv(x, 5, 6, 1)]);
        string every = s.Node("MaxPool", [low], OnnxAttribute.Ints("kernel_shape", 1, 1), OnnxAttribute.Ints("strides", 2, 2));
        string lower = s.Node("Add", [s.Relu(s.StridedConv(low, 6, 17, 3)), s.Conv(every, 6, 17, 1)]);
        low = s.Concat(s.TransposedConv(lower, 17, 7, bias: true), low);
        string wide = s.TransposedConv(low, 13, 4, bias: false);
        string other = s.ResizeNearest(s.Conv(low, 13, 4, 1));
        s.Conv(s.Concat(s.Node("Add", [wide, other]), x), 9, 3, 3, "y");
        return s.Model();
    }

    /// <summary>
    /// Windows of all sorts, on the way down and up: large, dilated, strided, in groups, of each channel for itself, with pads
    /// that differ and pads of a Pad in front; PRelu with one slope and with many; squeeze and excitation; a gate of one channel.
    /// </summary>
    public static OnnxModel Windows()
    {
        ModelSketch s = new(9, 2, 3);
        static OnnxAttribute Pads(params long[] pads) => OnnxAttribute.Ints("pads", pads);
        static OnnxAttribute Twice(string name) => OnnxAttribute.Ints(name, 2, 2);
        string x = s.Node("PRelu", [s.Conv("x", 2, 6, (5, 3), 1, Pads(2, 1, 2, 1)), s.Weight(1)]);
        string low = s.Conv(x, 6, 18, (7, 7), 1, Pads(3, 3, 3, 3), Twice("strides"));
        low = s.Node("PRelu", [low, s.Weight(18, 1, 1)]);
        low = s.Node("Add", [low, s.Conv(s.Conv(low, 18, 18, (3, 3), 18, Pads(2, 2, 2, 2), Twice("dilations")), 18, 18, 1)]);
        string gate = s.Node("Sigmoid", [s.Conv(s.Relu(s.Conv(s.Node("GlobalAveragePool", [low]), 18, 4, 1)), 4, 18, 1)]);
        low = s.Node("Mul", [gate, low]);
        string grouped = s.Conv(low, 18, 6, (3, 3), 3, Pads(1, 1, 1, 1));
        string padded = s.Node("Pad", [low, s.Integers(0, 0, 0, 0, 0, 0, 1, 1)]);
        string lower = s.Conv(padded, 18, 6, (3, 3), 2, Twice("strides"));
        string pooled = s.Node("MaxPool", [grouped], OnnxAttribute.Ints("kernel_shape", 3, 3), Twice("strides"), Pads(1, 1, 1, 1));
        string same = s.Conv(
            s.Conv(low, 18, 18, (5, 5), 18, OnnxAttribute.String("auto_pad", "SAME_UPPER"), Twice("strides")), 18, 6, 1);
        lower = s.Node("Add", [s.Node("Add", [lower, pooled]), same]);
        string up = s.Node(
            "ConvTranspose", [lower, s.Weight(6, 5, 3, 3), s.Weight(5)], Twice("strides"), Pads(1, 1, 1, 1),
            OnnxAttribute.Ints("output_padding", 1, 1));
        up = s.Node("ConvTranspose", [s.Concat(up, grouped), s.Weight(11, 4, 4, 4)], Twice("strides"), Pads(1, 1, 1, 1));
        up = s.Node("Mul", [s.Node("Sigmoid", [s.Conv(x, 6, 1, 1)]), up]);
        s.Conv(s.Concat(up, x), 10, 3, 3, "y");
        return s.Model();
    }

    /// <summary>Every function of one value, SiLU as exporters write it, between convolutions and norms of an odd width.</summary>
    public static OnnxModel Functions()
    {
        ModelSketch s = new(6, 2, 3);
        string x = s.BatchNorm(s.Conv("x", 2, 5, 3), 5);
        x = s.Node("Mul", [x, s.Node("Sigmoid", [x])]);
        string pool = s.Node("InstanceNormalization", [s.MaxPool(x), s.Weight(5), s.Weight(5)]);
        string low = s.Node("LeakyRelu", [s.Conv(pool, 5, 5, 1)], OnnxAttribute.Float("alpha", 0.2f));
        string pooled = s.Linear(s.Pooled(s.Node("Sigmoid", [low])), 5, 5);
        string lower = s.Node(
            "AveragePool", [low], OnnxAttribute.Ints("kernel_shape", 2, 2), OnnxAttribute.Ints("strides", 2, 2));
        low = s.Node("Add", [low, s.ResizeNearest(s.Conv(lower, 5, 5, 1))]);
        low = s.Node("Elu", [s.Conv(s.Node("Tanh", [low]), 5, 5, 3)]);
        x = s.Node("Add", [x, s.ResizeNearest(low)]);
        string hard = s.Conv(x, 5, 5, 1);
        x = s.Node("Add", [x, s.Node("Mul", [hard, s.Node("HardSigmoid", [hard], OnnxAttribute.Float("alpha", 1f / 6))])]);
        x = s.Node("HardSigmoid", [x]);
        x = s.Node("Clip", [s.Conv(x, 5, 5, 3), s.Scalar(0), s.Scalar(0.7f)]);
        s.Conv(s.Node("Add", [x, pooled]), 5, 3, 3, "y");
        return s.Model();
    }
}
