using System.Text.Json;
using SelfAdapt.Adaptation;
using SelfAdapt.Adaptation.Signals;
using SelfAdapt.Adaptation.Stopping;
using SelfAdapt.Files;

namespace SelfAdapt.Tests.Adaptation;

[TestClass]
internal sealed class RunLogTests
{
    [TestMethod]
    public void Write_StepAndEvaluation_AreOneObjectPerLine()
    {
        using MemoryStream stream = new();
        using RunLog log = new(new LineFile(stream, "run.jsonl"));
        log.Write(new StepPoint(
            7, 1e-4, 0.5, 0.25, 3, 0.628, double.NaN, new float[] { 0.8f, 1 },
            new float[] { 0.05f, float.NaN }, 1.5));
        log.Write(new EvaluationPoint(
            250, new LabelFreeSignals { FnRate = 0.02, Evidence = 0.75, Cells = 42 }, null, 0.01), StopDecision.Keep);
        string[] lines = System.Text.Encoding.UTF8.GetString(stream.ToArray()).Split('\n');
        Assert.AreEqual(3, lines.Length);
        Assert.AreEqual(string.Empty, lines[2]);

        JsonElement step = JsonDocument.Parse(lines[0]).RootElement;
        Assert.AreEqual("step", step.GetProperty("kind").GetString());
        Assert.AreEqual(7, step.GetProperty("iteration").GetInt32());
        Assert.AreEqual(1e-4, step.GetProperty("learningRate").GetDouble());
        Assert.AreEqual(0.628, step.GetProperty("loss").GetDouble());
        Assert.AreEqual(JsonValueKind.Null, step.GetProperty("gradientNorm").ValueKind);
        Assert.AreEqual(0.8f, step.GetProperty("kept")[0].GetSingle());
        Assert.AreEqual(JsonValueKind.Null, step.GetProperty("thresholds")[1].ValueKind);

        JsonElement evaluation = JsonDocument.Parse(lines[1]).RootElement;
        Assert.AreEqual("evaluation", evaluation.GetProperty("kind").GetString());
        Assert.AreEqual(0.02, evaluation.GetProperty("fnRate").GetDouble());
        Assert.AreEqual(0.75, evaluation.GetProperty("evidence").GetDouble());
        Assert.AreEqual(JsonValueKind.Null, evaluation.GetProperty("meanConfidence").ValueKind);
        Assert.AreEqual(42, evaluation.GetProperty("cells").GetInt32());
        Assert.IsTrue(evaluation.GetProperty("kept").GetBoolean());
    }

    [TestMethod]
    public void Resume_CutsOffWhatIsDoneAgain_AndIsReadableMeanwhile()
    {
        string path = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.jsonl");
        long first;
        EvaluationPoint point = new(0, new LabelFreeSignals { Cells = 3 });
        try
        {
            using (RunLog log = RunLog.Create(path))
            {
                log.Write(point, StopDecision.Keep);
                using FileStream reader = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
                Assert.IsTrue(reader.Length > 20);
                first = log.Length;
                Assert.AreEqual(reader.Length, first);
                log.Write(point with { Iteration = 125 }, StopDecision.Keep);
            }

            using (RunLog log = RunLog.Resume(path, first))
            {
                log.Write(point with { Iteration = 250 }, StopDecision.Stop);
            }

            string[] lines = File.ReadAllLines(path);
            Assert.AreEqual(2, lines.Length);
            Assert.AreEqual(
                ErrorKind.OutputNotWritable,
                Assert.ThrowsExactly<SelfAdaptException>(() => RunLog.Resume(path, 1_000_000)).Kind);
            StringAssert.Contains(lines[1], "\"iteration\":250", StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [TestMethod]
    public void Create_FolderMissing_IsAnErrorThatNamesThePath()
    {
        string path = Path.Combine(Path.GetTempPath(), Guid.NewGuid().ToString("N"), "run.jsonl");
        SelfAdaptException error = Assert.ThrowsExactly<SelfAdaptException>(() => RunLog.Create(path));
        Assert.AreEqual(ErrorKind.OutputNotWritable, error.Kind);
        StringAssert.Contains(error.Message, path, StringComparison.Ordinal);
    }
}
