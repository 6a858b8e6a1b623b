using SelfAdapt;
using SelfAdapt.Adaptation;
using SelfAdapt.Engine;
using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Models.Graph;
using SelfAdapt.Models.Onnx;
using SelfAdapt.Segmentation;

// Adapts a model to a folder of unlabeled images and segments them with it: what the tool does, in a few lines.
if (args is not [string modelFile, string images, string output])
{
    Console.Error.WriteLine("AdaptAndSegment MODEL.onnx IMAGES OUTPUT");
    return 2;
}

try
{
    Directory.CreateDirectory(output);
    OnnxModel model = OnnxModel.Load(modelFile);
    Network network = Network.Read(model);
    ImageFolder folder = ImageFolder.Load(images);

    // Objects of about 22 px in the images, 17 px in what the network was trained on.
    SegmentationOptions segmentation = new() { Diameter = 22, DiamMean = 17 };
    AdaptationOptions options = new() { Iterations = 20, Warmup = 5 };

    using Backend backend = Backend.Cpu();
    using AdaptationLoop loop = new(network, backend, options, segmentation);
    AdaptationResult result = loop.Run(
        folder.Images, new Progress<EvaluationPoint>(p => Console.WriteLine($"step {p.Iteration}: {p.Signals.Cells} cells")));
    Console.WriteLine($"{result.Reason} after {result.Iterations} steps; kept: step {result.KeptPoint.Iteration}");
    model.WithWeights(result.Kept.ByName(network)).Save(Path.Combine(output, "adapted.onnx"));

    using EngineNetwork adapted = new(network, result.Kept, backend);
    Segmenter segmenter = new(adapted, segmentation);
    foreach (NamedImage image in folder.Images)
    {
        LabelImage masks = segmenter.Segment(image.Image, image.Name).Masks;
        LabelFile.WriteTiff(Path.Combine(output, image.Name + "_masks.tif"), masks);
    }

    return 0;
}
catch (SelfAdaptException e)
{
    Console.Error.WriteLine($"{e.Kind}: {e.Message}");
    return 1;
}
